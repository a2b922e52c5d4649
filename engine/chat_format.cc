#include "engine/chat_format.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/request.h"
#include "engine/tokenizer.h"

namespace rondo::engine {
namespace {

struct Family {
  std::array<std::string_view, 3> marks;  // all of them stand in its templates
  ChatFormat format;
};

// More particular ones first.
constexpr Family kFamilies[] = {
    {{"<|im_start|>", "<|im_end|>", "assistant"},  // Qwen2.5-Coder, IQuest-Coder
     {.family = "ChatML",
      .before_system = "<|im_start|>system\n",
      .before_user = "<|im_end|>\n<|im_start|>user\n",
      .before_answer = "<|im_end|>\n<|im_start|>assistant\n",
      .end = "<|im_end|>"}},
    {{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
     {.family = "Llama 3",
      .before_system = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n",
      .before_user = "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
      .before_answer = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
      .end = "<|eot_id|>"}},
    {{"[INST]", "<<SYS>>", "[/INST]"},  // Code Llama
     {.family = "Llama 2",
      .before_system = "<s>[INST] <<SYS>>\n",
      .before_user = "\n<</SYS>>\n\n",
      .before_answer = " [/INST]",
      .end = "</s>"}},
    {{"### Instruction:", "### Response:", "<|EOT|>"},
     {.family = "DeepSeek Coder",
      .before_system = "<｜begin▁of▁sentence｜>",
      .before_user = "### Instruction:\n",
      .before_answer = "\n### Response:\n",
      .end = "<|EOT|>"}},
    {{"'User: '", "'Assistant: '", "eos_token"},
     {.family = "DeepSeek V2",
      .before_system = "<｜begin▁of▁sentence｜>",
      .before_user = "\n\nUser: ",
      .before_answer = "\n\nAssistant:",
      .end = "<｜end▁of▁sentence｜>"}},
};

// The special token whose name `text` begins with: "<...>".
std::optional<std::pair<int32_t, size_t>> special_at(const Tokenizer& tokenizer,
                                                     std::string_view text) {
  for (size_t end = text.find('>'); end != std::string_view::npos; end = text.find('>', end + 1)) {
    if (const auto id = tokenizer.special(text.substr(0, end + 1))) return {{*id, end + 1}};
  }
  return std::nullopt;
}

// Tokens of marks and of what is said. What stands between two special tokens is encoded in one
// piece, as it was in training.
class PromptTokens {
 public:
  explicit PromptTokens(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void add_mark(std::string_view mark) {
    while (!mark.empty()) {
      const auto special = mark.front() == '<' ? special_at(tokenizer_, mark) : std::nullopt;
      if (special) {
        flush();
        ids_.push_back(special->first);
        mark.remove_prefix(special->second);
      } else {
        const size_t n_bytes = std::min(mark.find('<', 1), mark.size());
        text_ += mark.substr(0, n_bytes);
        mark.remove_prefix(n_bytes);
      }
    }
  }
  void add_text(std::string_view text) { text_ += text; }

  TokenIds take() {
    flush();
    return std::move(ids_);
  }

 private:
  void flush() {
    if (text_.empty()) return;
    const TokenIds ids = tokenizer_.encode(text_);
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    text_.clear();
  }

  const Tokenizer& tokenizer_;
  TokenIds ids_;
  std::string text_;  // not encoded yet
};

// The template's text; some models have several, of which the first is for chat.
std::optional<std::string> template_text(const std::string& folder) {
  if (const auto file = MappedFile::open(folder + "/chat_template.jinja"); file.ok())
    return std::string(file->text());
  const auto file = MappedFile::open(folder + "/tokenizer_config.json");
  if (!file.ok()) return std::nullopt;
  const Result<Json> json = parse_json(file->text(), "tokenizer_config.json");
  if (!json.ok() || !json->is_object()) return std::nullopt;
  if (auto text = json_get<std::string>(*json, "chat_template")) return text;
  const auto list = json->find("chat_template");
  if (list == json->end() || !list->is_array() || list->empty()) return std::nullopt;
  return json_get<std::string>(list->front(), "template");
}

}  // namespace

std::optional<ChatFormat> recognise_chat_format(std::string_view chat_template) {
  for (const Family& family : kFamilies) {
    const bool has_all = std::all_of(
        family.marks.begin(), family.marks.end(),
        [&](std::string_view mark) { return chat_template.find(mark) != std::string_view::npos; });
    if (has_all) return family.format;
  }
  return std::nullopt;
}

ChatTemplate read_chat_template(const std::string& folder) {
  const std::optional<std::string> text = template_text(folder);
  if (!text) return {.why_not = "has no chat template"};
  std::optional<ChatFormat> format = recognise_chat_format(*text);
  if (!format) return {.why_not = "has a chat template of no known family"};
  return {.format = format};
}

std::vector<int32_t> chat_prompt(const ChatFormat& format, const Tokenizer& tokenizer,
                                 std::string_view system, std::string_view user) {
  PromptTokens tokens(tokenizer);
  tokens.add_mark(format.before_system);
  tokens.add_text(system);
  tokens.add_mark(format.before_user);
  tokens.add_text(user);
  tokens.add_mark(format.before_answer);
  return tokens.take();
}

}  // namespace rondo::engine
