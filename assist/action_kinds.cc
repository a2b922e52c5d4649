#include "assist/action_kinds.h"

#include <algorithm>
#include <iterator>

#include "assist/complete_selection.h"

namespace rondo::assist {
namespace {

constexpr ActionKind kKinds[] = {
    {.name = "completeSelection",
     .offer = offer_complete_selection,
     .make = complete_selection},
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
      if (!abilities.fills_in) return "needs a model that fills in";
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
