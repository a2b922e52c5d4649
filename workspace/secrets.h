// Secrets: files and bytes that must never become tokens.
//
// The rule: a file is left out whole when its name says that it holds secrets, or when its text
// holds one. Nothing in the workspace can loosen that. A secret has at least 16 letters and digits
// in a row, both of them, and is
//   - a private key in text form,
//   - a key of a form that its issuer chose to be recognised (AWS, GitHub, Slack, ...), or
//   - a value assigned to a name with password, secret, token, credential or key in it, when its
//     entropy is at least 3.5 bits a byte: base64 and hexadecimal keys have 4 and more.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rondo::workspace {

// Whether the name of a file says that it holds secrets: .env, *.pem, id_rsa, credentials, ...
// Templates of such files (.env.example, id_rsa.pub) are none.
bool is_secret_file(std::string_view path);

struct Secret {
  std::string what;  // "a private key", for people; never the secret itself
  size_t offset = 0;
};

// The first secret in a text.
std::optional<Secret> find_secret(std::string_view text);

}  // namespace rondo::workspace
