#include "assist/chat_actions.h"

#include <string>
#include <utility>

#include "assist/chat.h"
#include "assist/code_indent.h"

namespace rondo::assist {
namespace {

// The selection, or the function at the cursor; nothing elsewhere.
void offer(const ActionScene& scene, const std::string& title, std::vector<Action>& actions) {
  const workspace::Function* function = scene.function();
  if (scene.query.selection.empty() && function == nullptr) return;
  const bool selected = !scene.query.selection.empty();
  actions.push_back({.title = title + (selected ? "the selection" : "this function"),
                     .bytes = selected ? scene.query.selection : function->whole});
}

Result<ActionOutcome> answer(const ActionWork& work, const Action& action, std::string question) {
  const workspace::Document& document = work.scene.document();
  const workspace::ByteRange lines = whole_lines(*document.text, action.bytes);
  const std::string code(document.text->slice(lines));
  if (code.empty()) return stale_error("no code stands there any more");
  ASSIGN_OR_RETURN(std::string markdown, explain(work.engine,
                                                 {.instruction = std::move(question),
                                                  .language = document.language,
                                                  .path = document.path,
                                                  .text = code},
                                                 work.stop));
  const auto n_tokens = static_cast<int64_t>(work.engine.tokenizer().encode(markdown).size());
  const std::string first_line = code.substr(0, code.find('\n'));
  return ActionOutcome{
      .markdown = std::move(markdown),
      .steps = {{.step = 1, .focus = draft_focus(first_line), .n_tokens = n_tokens}}};
}

}  // namespace

void offer_explain(const ActionScene& scene, std::vector<Action>& actions) {
  offer(scene, "Explain ", actions);
}

void offer_instruct(const ActionScene& scene, std::vector<Action>& actions) {
  offer(scene, "Change as told ", actions);
}

void offer_review(const ActionScene& scene, std::vector<Action>& actions) {
  offer(scene, "Review ", actions);
}

Result<ActionOutcome> explain_code(const ActionWork& work, const Action& action) {
  work.report("explaining it");
  return answer(work, action, action.choice);
}

Result<ActionOutcome> review_code(const ActionWork& work, const Action& action) {
  work.report("reviewing it");
  return answer(work, action,
                action.choice.empty() ? "Review this code. Name each defect, with the line that it "
                                        "is in and what would mend it. Leave out matters of taste. "
                                        "If you see no defect, say so."
                                      : action.choice);
}

}  // namespace rondo::assist
