// ChatFormat: how a model was trained to be talked to, as text around what is said. The templates
// that models come with are programs; what those of a family make of one question is a row of a
// table here, and a template is recognised by the marks that it writes. Templates of no known
// family are refused, not run.
//
// Thread: values and pure functions; read_chat_format waits for the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::engine {

class Tokenizer;

struct ChatFormat {
  std::string_view family;  // "ChatML", as people name it
  // What stands before, between and behind; names of special tokens among it are those tokens.
  std::string_view before_system;
  std::string_view before_user;  // and behind what the system said
  std::string_view before_answer;
  std::string_view end;  // the special token that ends an answer
};

// What a model folder says of chat.
struct ChatTemplate {
  std::optional<ChatFormat> format;
  // Why there is none, a part of a sentence: "has no chat template", "has a chat template of no
  // known family".
  std::string why_not;
};

// The format of a template's text; nothing when it is of no known family.
std::optional<ChatFormat> recognise_chat_format(std::string_view chat_template);

// Of `folder`/chat_template.jinja, else of "chat_template" in tokenizer_config.json.
ChatTemplate read_chat_template(const std::string& folder);

// The prompt of one question, up to where the answer begins. What `system` and `user` say never
// becomes a special token. REQUIRES: format.end is a special token of the tokenizer.
std::vector<int32_t> chat_prompt(const ChatFormat& format, const Tokenizer& tokenizer,
                                 std::string_view system, std::string_view user);

}  // namespace rondo::engine
