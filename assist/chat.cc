#include "assist/chat.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "assist/postprocess.h"
#include "assist/syntax_errors.h"
#include "workspace/syntax_tree.h"
#include "workspace/text.h"

namespace rondo::assist {
namespace {

constexpr int32_t kLeastAnswerTokens = 256;
constexpr int32_t kExplanationTokens = 700;
constexpr int32_t kWrittenTokens = 1000;

constexpr std::string_view kEditor =
    "You edit source code. You answer with the new code in one fenced block, complete, without "
    "explanation.";
constexpr std::string_view kExplainer =
    "You explain source code to its developer, briefly and exactly, in Markdown.";

Result<engine::Completion> wait_for(engine::Engine& engine, engine::Request request) {
  const auto promise = std::make_shared<std::promise<Result<engine::Completion>>>();
  request.on_done = [promise](Result<engine::Completion> completion) {
    promise->set_value(std::move(completion));
  };
  auto answer = promise->get_future();
  engine.submit(std::move(request));
  return answer.get();
}

// `text` as a fenced block whose fence is longer than any in it.
std::string fenced(std::string_view info, const std::string& text) {
  size_t n_longest = 2;
  size_t n_marks = 0;
  for (const char c : text) {
    n_marks = c == '`' ? n_marks + 1 : 0;
    n_longest = std::max(n_longest, n_marks);
  }
  const std::string fence(n_longest + 1, '`');
  std::string block = fence + std::string(info) + "\n" + workspace::with_lf(text);
  if (!block.ends_with('\n')) block += '\n';
  return block + fence + "\n";
}

std::string told(const InstructedEdit& edit, std::string_view wish) {
  std::string user;
  for (const ChatContext& other : edit.context)
    user += "From " + other.path + ":\n" + fenced("", other.text) + "\n";
  return user + "From " + edit.path + ":\n" + fenced(edit.language->id, edit.text) + "\n" +
         edit.instruction + std::string(wish);
}

// As a node's kind says it: "function_definition".
struct Shape {
  int64_t n_errors = 0;
  std::string first_kind;  // of what stands first in the text
};

Result<std::optional<Shape>> shape_of(const workspace::Language& language,
                                      const std::string& text) {
  if (language.grammar == nullptr) return std::optional<Shape>();
  workspace::Parser parser;
  ASSIGN_OR_RETURN(
      const workspace::SyntaxTree tree,
      parser.parse(language, std::make_shared<const workspace::Text>(without_margin(text)), nullptr,
                   {}));
  const TSNode first = ts_node_named_child(ts_tree_root_node(tree.tree.get()), 0);
  return std::optional(Shape{.n_errors = count_syntax_errors(tree),
                             .first_kind = ts_node_is_null(first) ? "" : ts_node_type(first)});
}

// Prose without a fence may parse: then it must at least begin as the text did.
Status check_syntax(const InstructedEdit& edit, const AnsweredCode& code,
                    const std::string& original) {
  ASSIGN_OR_RETURN(const auto before, shape_of(*edit.language, original));
  ASSIGN_OR_RETURN(const auto after, shape_of(*edit.language, code.text));
  if (!before || !after) {
    return code.is_fenced ? Status() : not_found_error("the answer holds no fenced code");
  }
  if (after->n_errors > before->n_errors)
    return not_found_error("the answer is not " + std::string(edit.language->id) + " that parses");
  if (!code.is_fenced && after->first_kind != before->first_kind)
    return not_found_error("the answer holds no code");
  return {};
}

}  // namespace

Result<ChatReply> ask_chat(engine::Engine& engine, ChatQuestion question, std::stop_token stop) {
  const engine::ModelConfig& config = engine.config();
  if (!config.chat.format) {
    return invalid_argument_error("this needs a chat model, and the model " + config.chat.why_not +
                                  "; choose another with --model");
  }
  const engine::ChatFormat& format = *config.chat.format;
  engine::Request request = {
      .priority = question.priority,
      .prompt = chat_prompt(format, engine.tokenizer(), question.system, question.user),
      .stop = {.max_tokens = question.max_tokens,
               .tokens = {*engine.tokenizer().special(format.end)}},
      .on_text = std::move(question.on_text),
      .cancel = std::move(stop)};
  ASSIGN_OR_RETURN(engine::Completion completion, wait_for(engine, std::move(request)));
  const bool was_cut = completion.stop_reason == engine::StopReason::kMaxTokens ||
                       completion.stop_reason == engine::StopReason::kContextFull;
  return ChatReply{.text = std::move(completion.text), .was_cut = was_cut};
}

Result<std::string> edit_by_instruction(engine::Engine& engine, const InstructedEdit& edit,
                                        std::stop_token stop) {
  const std::string original = workspace::with_lf(edit.text);
  const auto n_tokens = static_cast<int32_t>(engine.tokenizer().encode(original).size());
  ChatQuestion question = {
      .system = std::string(kEditor),
      .user =
          told(edit, "\n\nAnswer with the whole code of " + edit.path + " above as it is then."),
      .max_tokens = edit.max_tokens > 0 ? edit.max_tokens : 2 * n_tokens + kLeastAnswerTokens,
      .priority = edit.priority};
  ASSIGN_OR_RETURN(const ChatReply reply, ask_chat(engine, std::move(question), std::move(stop)));
  ASSIGN_OR_RETURN(
      AnsweredCode code,
      code_in(reply, {.language = *edit.language, .path = edit.path, .original = original}));
  RETURN_IF_ERROR(check_syntax(edit, code, original));
  if (original.ends_with('\n')) code.text += '\n';
  return with_line_ends_of(edit.text, code.text);
}

Result<std::string> write_code(engine::Engine& engine, const InstructedEdit& about,
                               std::stop_token stop) {
  ChatQuestion question = {.system = std::string(kEditor),
                           .user = told(about, ""),
                           .max_tokens = about.max_tokens > 0 ? about.max_tokens : kWrittenTokens,
                           .priority = about.priority};
  ASSIGN_OR_RETURN(const ChatReply reply, ask_chat(engine, std::move(question), std::move(stop)));
  ASSIGN_OR_RETURN(const AnsweredCode code,
                   code_in(reply, {.language = *about.language, .path = "", .original = ""}));
  ASSIGN_OR_RETURN(const auto shape, shape_of(*about.language, code.text));
  if (shape ? shape->n_errors > 0 : !code.is_fenced) {
    return not_found_error("the answer is not " + std::string(about.language->id) + " that parses");
  }
  return code.text;
}

Result<std::string> explain(engine::Engine& engine, const InstructedEdit& about,
                            std::stop_token stop) {
  ChatQuestion question = {
      .system = std::string(kExplainer),
      .user = told(about, about.instruction.empty() ? "What does this code do?" : ""),
      .max_tokens = about.max_tokens > 0 ? about.max_tokens : kExplanationTokens,
      .priority = about.priority};
  ASSIGN_OR_RETURN(const ChatReply reply, ask_chat(engine, std::move(question), std::move(stop)));
  return markdown_in(reply);
}

}  // namespace rondo::assist
