#include "assist/action_kinds.h"

#include <algorithm>
#include <iterator>

#include "assist/add_import.h"
#include "assist/annotate_types.h"
#include "assist/chat_actions.h"
#include "assist/chat_edits.h"
#include "assist/complete_body.h"
#include "assist/complete_selection.h"
#include "assist/fix_name.h"
#include "assist/fix_syntax.h"
#include "assist/write_docstring.h"
#include "assist/write_tests.h"

namespace rondo::assist {
namespace {

constexpr ActionKind kKinds[] = {
    {.name = "fixName",
     .group = ActionGroup::kQuickFix,
     .generates = false,
     .offer = offer_fix_name,
     .make = fix_name},
    {.name = "addImport",
     .group = ActionGroup::kQuickFix,
     .generates = false,
     .offer = offer_add_import,
     .make = add_import},
    {.name = "fixSyntax",
     .group = ActionGroup::kQuickFix,
     .generates = false,
     .offer = offer_fix_syntax,
     .make = fix_syntax},
    {.name = "fixDiagnostic",
     .group = ActionGroup::kQuickFix,
     .need = ActionNeed::kChat,
     .offer = offer_fixes,
     .make = fix_as_told},
    {.name = "completeSelection", .offer = offer_complete_selection, .make = complete_selection},
    {.name = "completeBody", .offer = offer_complete_body, .make = complete_body},
    {.name = "writeDocstring", .offer = offer_write_docstring, .make = write_docstring},
    {.name = "annotateTypes",
     .generates = false,
     .offer = offer_annotate_types,
     .make = annotate_types},
    {.name = "writeTests",
     .need = ActionNeed::kRun,
     .offer = offer_write_tests,
     .make = write_tests},
    {.name = "explain",
     .need = ActionNeed::kChat,
     .answers = true,
     .offer = offer_explain,
     .make = explain_code},
    {.name = "instruct",
     .need = ActionNeed::kChat,
     .offer = offer_instruct,
     .make = change_as_told},
    {.name = "review",
     .need = ActionNeed::kChat,
     .answers = true,
     .offer = offer_review,
     .make = review_code},
};

// Why the scene cannot have what a kind needs; empty when it can.
std::string missing(const ActionKind& kind, const ActionAbilities& abilities) {
  switch (kind.need) {
    case ActionNeed::kNothing:
      return "";
    case ActionNeed::kFill:
      return abilities.fills_in ? "" : "needs a model that fills in";
    case ActionNeed::kChat:
      return abilities.chats ? "" : "needs a chat model";
    case ActionNeed::kRun:
      if (!abilities.fills_in && !abilities.chats) return "needs a model that fills in or chats";
      return abilities.runs_code ? "" : "needs a trusted workspace (rondo trust) and bubblewrap";
  }
  return "";
}

}  // namespace

std::span<const ActionKind> action_kinds() { return kKinds; }

const ActionKind* action_kind(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const ActionKind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

std::vector<Action> offered_actions(const ActionScene& scene) {
  std::vector<Action> actions;
  for (const ActionKind& kind : kKinds) {
    if (scene.query.automatic && kind.group != ActionGroup::kQuickFix) continue;
    const size_t n_before = actions.size();
    kind.offer(scene, actions);
    for (size_t i = n_before; i < actions.size(); ++i) {
      actions[i].name = kind.name;
      if (actions[i].disabled.empty()) actions[i].disabled = missing(kind, scene.abilities);
    }
    std::erase_if(actions, [&](const Action& action) {
      return action.name == kind.name && action.disabled.empty() && kind.make == nullptr;
    });
  }
  std::erase_if(actions, [&](const Action& action) {
    const bool fix = action_kind(action.name)->group == ActionGroup::kQuickFix;
    return fix && (!action.disabled.empty() || (scene.query.automatic && !action.diagnostic));
  });
  std::stable_partition(actions.begin(), actions.end(),
                        [](const Action& action) { return action.disabled.empty(); });
  return actions;
}

}  // namespace rondo::assist
