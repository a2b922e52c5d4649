#include "assist/complete_selection.h"

#include <algorithm>
#include <string>
#include <utility>

namespace rondo::assist {
namespace {

constexpr int32_t kDepth = 3;
constexpr int32_t kTokensALine = 24;  // at most, of what is asked for in place of one
constexpr int32_t kMostTokens = 384;
constexpr std::string_view kBlanks = " \t\r\n";

// The selection without blanks at its ends; where it is all blank, its end.
workspace::ByteRange trimmed_range(const workspace::Text& text, workspace::ByteRange bytes) {
  const std::string_view selected = text.slice(bytes);
  const size_t first = selected.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {.begin = bytes.end, .end = bytes.end};
  const auto last = static_cast<int64_t>(selected.find_last_not_of(kBlanks));
  return {.begin = bytes.begin + static_cast<int64_t>(first), .end = bytes.begin + last + 1};
}

}  // namespace

void offer_complete_selection(const ActionScene& scene, std::vector<Action>& actions) {
  if (scene.query.selection.empty()) return;
  actions.push_back({.title = "Complete or rewrite the selection", .bytes = scene.query.selection});
}

Result<ActionOutcome> complete_selection(const ActionWork& work, const Action& action) {
  const workspace::Text& text = work.scene.text();
  const workspace::ByteRange hole = trimmed_range(text, action.bytes);
  const auto n_lines = static_cast<int32_t>(
      std::min<int64_t>(text.line_at(hole.end) - text.line_at(hole.begin) + 1, kMostTokens));
  work.report("completing the selection");
  ASSIGN_OR_RETURN(
      StepOutcome answer,
      fill_hole(work, {.text = text.bytes(),
                       .bytes = hole,
                       .length = n_lines > 1 ? AnswerLength::kBlock : AnswerLength::kLine,
                       .depth = kDepth,
                       .max_tokens = std::min((n_lines + 1) * kTokensALine, kMostTokens)}));
  if (answer.text == text.slice(hole)) {
    return not_found_error("Nothing was changed: the model would write what stands there");
  }
  return ActionOutcome{.edits = {{.range = hole, .with = std::move(answer.text)}},
                       .steps = std::move(answer.steps)};
}

}  // namespace rondo::assist
