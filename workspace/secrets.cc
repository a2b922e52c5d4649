#include "workspace/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "workspace/path.h"

namespace rondo::workspace {
namespace {

constexpr size_t kMinValueBytes = 16;
constexpr size_t kMaxValueBytes = 512;
constexpr double kMinEntropy = 3.5;  // bits a byte
constexpr size_t kMaxNameBytes = 64;

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool in_token(char c) { return is_alnum(c) || c == '_' || c == '-'; }
bool in_value(char c) {
  return in_token(c) || std::string_view("+/=.~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// Keys that begin with a mark of their issuer and go on with so many letters, digits, '_' and '-'.
struct Form {
  std::string_view prefix;
  size_t n_more;
  std::string_view what;
};
constexpr std::array<Form, 17> kForms = {{
    {"AKIA", 16, "an AWS access key"},
    {"ASIA", 16, "an AWS access key"},
    {"AIza", 35, "a Google API key"},
    {"ghp_", 36, "a GitHub token"},
    {"gho_", 36, "a GitHub token"},
    {"ghu_", 36, "a GitHub token"},
    {"ghs_", 36, "a GitHub token"},
    {"ghr_", 36, "a GitHub token"},
    {"github_pat_", 40, "a GitHub token"},
    {"glpat-", 20, "a GitLab token"},
    {"xoxb-", 20, "a Slack token"},
    {"xoxp-", 20, "a Slack token"},
    {"xoxa-", 20, "a Slack token"},
    {"sk-", 40, "an API key"},
    {"sk_live_", 20, "a Stripe key"},
    {"npm_", 36, "an npm token"},
    {"hf_", 34, "a Hugging Face token"},
}};

bool has_digit_and_letter(std::string_view value) {
  const bool digit =
      std::any_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c); });
  const bool letter =
      std::any_of(value.begin(), value.end(), [](unsigned char c) { return std::isalpha(c); });
  return digit && letter;
}

// A key follows its header within some lines; a header alone is code that reads keys.
std::optional<Secret> find_private_key(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr size_t kMaxHeaderBytes = 300;
  for (size_t at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at + 1)) {
    const std::string_view header = text.substr(at, kMaxHeaderBytes);
    const size_t key = header.substr(0, 64).find("PRIVATE KEY-----");
    if (key == header.npos) continue;
    size_t n_base64 = 0;
    for (const char c : header.substr(key + 16)) {
      n_base64 = is_alnum(c) || c == '+' || c == '/' ? n_base64 + 1 : 0;
      if (n_base64 == 32) return Secret{"a private key", at};
    }
  }
  return std::nullopt;
}

// Words, paths and host names have parts; keys are of one piece, or of few long ones.
size_t longest_piece(std::string_view value) {
  size_t longest = 0;
  size_t length = 0;
  for (const char c : value) {
    length = std::string_view(".-_/").find(c) == std::string_view::npos ? length + 1 : 0;
    longest = std::max(longest, length);
  }
  return longest;
}

std::optional<Secret> find_issued_key(std::string_view text, const Form& form) {
  for (size_t at = text.find(form.prefix); at != text.npos; at = text.find(form.prefix, at + 1)) {
    if (at > 0 && in_token(text[at - 1])) continue;
    const std::string_view rest = text.substr(at + form.prefix.size());
    const auto end = std::find_if_not(rest.begin(), rest.end(), in_token);
    const std::string_view key = rest.substr(0, end - rest.begin());
    const bool is_key = key.size() >= form.n_more && has_digit_and_letter(key) &&
                        longest_piece(key) >= kMinValueBytes;
    if (is_key) return Secret{std::string(form.what), at};
  }
  return std::nullopt;
}

double entropy(std::string_view value) {
  std::array<int, 256> counts{};
  for (const unsigned char c : value) ++counts[c];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = count / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

bool looks_random(std::string_view value) {
  if (value.size() < kMinValueBytes || value.size() > kMaxValueBytes) return false;
  if (!std::all_of(value.begin(), value.end(), in_value) || !has_digit_and_letter(value))
    return false;
  return longest_piece(value) >= kMinValueBytes && entropy(value) >= kMinEntropy;
}

// Whether what stands before offset `end` assigns to a name for secrets: api_key = , "password": .
bool assigns_secret(std::string_view text, size_t end) {
  const size_t begin = end > kMaxNameBytes ? end - kMaxNameBytes : 0;
  std::string_view before = text.substr(begin, end - begin);
  if (const size_t line = before.rfind('\n'); line != before.npos) before.remove_prefix(line + 1);
  const auto trim = [&](std::string_view characters) {
    const size_t last = before.find_last_not_of(characters);
    before = before.substr(0, last == before.npos ? 0 : last + 1);
  };
  trim(" \t\"'`([");
  if (before.empty() || std::string_view("=:>,").find(before.back()) == std::string_view::npos)
    return false;
  trim("=:>, \t\"'`])");
  size_t name_begin = before.size();
  while (name_begin > 0 && in_token(before[name_begin - 1])) --name_begin;
  const std::string name = lower(before.substr(name_begin));
  for (const std::string_view word :
       {"password", "passwd", "secret", "token", "credential", "apikey", "api_key", "api-key",
        "access_key", "accesskey", "private_key", "auth_key"}) {
    if (name.find(word) != name.npos) return true;
  }
  return false;
}

// Values follow a quote, or an assignment sign in files that need no quotes.
std::optional<Secret> find_assigned(std::string_view text) {
  for (size_t at = text.find_first_of("\"'`=:"); at != text.npos;
       at = text.find_first_of("\"'`=:", at + 1)) {
    size_t begin = at + 1;
    while (begin < text.size() && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
    size_t end = begin;
    while (end < text.size() && end - begin <= kMaxValueBytes && in_value(text[end])) ++end;
    if (end - begin < kMinValueBytes) continue;
    if (assigns_secret(text, begin) && looks_random(text.substr(begin, end - begin))) {
      return Secret{"a value that looks like a secret", begin};
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_secret_file(std::string_view path) {
  const std::string name = lower(name_of(path));
  for (const std::string_view end : {".example", ".sample", ".template", ".dist", ".pub", ".md"}) {
    if (name.ends_with(end)) return false;
  }
  for (const std::string_view whole :
       {".env", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials", ".htpasswd",
        "credentials", "credentials.json", "secrets.yml", "secrets.yaml", "secrets.json",
        "secrets.toml", ".dockercfg"}) {
    if (name == whole) return true;
  }
  for (const std::string_view begin : {".env.", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}) {
    if (name.starts_with(begin)) return true;
  }
  for (const std::string_view end : {".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx",
                                     ".ppk", ".asc", ".gpg", ".env", ".tfstate", ".ovpn"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

std::optional<Secret> find_secret(std::string_view text) {
  if (std::optional<Secret> secret = find_private_key(text)) return secret;
  for (const Form& form : kForms) {
    if (std::optional<Secret> secret = find_issued_key(text, form)) return secret;
  }
  return find_assigned(text);
}

}  // namespace rondo::workspace
