#include "assist/chat_edits.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "assist/chat.h"
#include "assist/code_indent.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr int64_t kLinesAround = 8;  // of a diagnostic outside of functions, each way
constexpr size_t kTitleBytes = 60;

// What a comment says that is the whole first line of `code`; empty when that is none.
std::string_view comment_of(std::string_view code) {
  std::string_view line = trimmed(code.substr(0, code.find('\n')), " \t\r");
  for (const std::string_view mark : {"//", "#", "--", ";"}) {
    if (!line.starts_with(mark)) continue;
    line.remove_prefix(mark.size());
    return trimmed(line, " \t#/-;");
  }
  return {};
}

// As much as a title has room for, whole characters.
std::string shortened(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  if (message.size() <= kTitleBytes) return std::string(message);
  size_t n = kTitleBytes;
  while (n > 0 && (static_cast<unsigned char>(message[n]) & 0xC0) == 0x80) --n;
  return std::string(message.substr(0, n)) + "...";
}

Result<ActionOutcome> change(const ActionWork& work, workspace::ByteRange bytes,
                             std::string instruction) {
  const workspace::Document& document = work.scene.document();
  const std::string before(document.text->slice(bytes));
  const std::string focus = shortened(instruction);
  ASSIGN_OR_RETURN(std::string text, edit_by_instruction(work.engine,
                                                         {.instruction = std::move(instruction),
                                                          .language = document.language,
                                                          .path = document.path,
                                                          .text = before},
                                                         work.stop));
  if (text == before)
    return not_found_error("Nothing was changed: the model would leave it as it is");
  const auto n_tokens = static_cast<int64_t>(work.engine.tokenizer().encode(text).size());
  return ActionOutcome{.edits = {{.range = bytes, .with = std::move(text)}},
                       .steps = {{.step = 1, .focus = "draft: " + focus, .n_tokens = n_tokens},
                                 {.step = 2, .focus = "parse: " + document.path}}};
}

}  // namespace

Result<ActionOutcome> change_as_told(const ActionWork& work, const Action& action) {
  const workspace::ByteRange lines = whole_lines(work.scene.text(), action.bytes);
  std::string instruction = action.choice;
  if (instruction.empty()) instruction = comment_of(work.scene.text().slice(lines));
  if (instruction.empty()) {
    return not_found_error(
        "Nothing was changed: say what shall be done in a comment in the first selected line");
  }
  work.report("changing it as told");
  return change(work, lines, std::move(instruction));
}

void offer_fixes(const ActionScene& scene, std::vector<Action>& actions) {
  for (size_t i = 0; i < scene.query.diagnostics.size(); ++i) {
    const Diagnostic& diagnostic = scene.query.diagnostics[i];
    if (diagnostic.message.empty()) continue;
    actions.push_back({.title = "Fix: " + shortened(diagnostic.message),
                       .bytes = diagnostic.bytes,
                       .choice = diagnostic.message,
                       .diagnostic = i});
  }
}

Result<ActionOutcome> fix_as_told(const ActionWork& work, const Action& action) {
  const workspace::Text& text = work.scene.text();
  const workspace::Function* function = work.scene.function();
  workspace::ByteRange bytes = function != nullptr ? function->whole : action.bytes;
  if (function == nullptr) {
    const int64_t line = text.line_at(action.bytes.begin);
    bytes = {.begin = text.line(std::max<int64_t>(line - kLinesAround, 0)).begin,
             .end = text.line(std::min(line + kLinesAround, text.line_count() - 1)).end};
  }
  work.report("fixing it");
  const workspace::ByteRange at = text.line(text.line_at(action.bytes.begin));
  return change(work, whole_lines(text, bytes),
                "Fix this, and change nothing else. In the line\n" + std::string(text.slice(at)) +
                    "\nthere is: " + action.choice);
}

}  // namespace rondo::assist
