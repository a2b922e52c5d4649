// The kinds of actions: a row each in one table. To add one: its two functions in a file of its
// own, and a row in action_kinds.cc.
//
// Thread: constant tables and pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assist/action.h"
#include "assist/action_scene.h"
#include "assist/action_work.h"

namespace rondo::assist {

enum class ActionGroup {
  kQuickFix,  // of a diagnostic
  kRewrite,   // of code that stands there
};

// What a kind needs; without it, it is offered as disabled.
enum class ActionNeed {
  kNothing,  // no model, or any
  kFill,     // a model that fills in
  kChat,     // one that follows instructions
  kRun,      // a model of either kind, and a place where code may run
};

struct ActionKind {
  std::string_view name;  // as editors know it: "completeBody"
  ActionGroup group = ActionGroup::kRewrite;
  ActionNeed need = ActionNeed::kFill;
  bool generates = true;  // a model writes the text, not only chooses it
  bool answers = false;   // with something to read: it edits nothing
  // Adds those of this kind that can be made at the scene, quickly: it is asked for at every move
  // of the cursor.
  void (*offer)(const ActionScene& scene, std::vector<Action>& actions) = nullptr;
  // Makes one that was offered: its name, bytes and choice, which a client may have made up.
  // Errors: NotFound with a sentence when nothing good came of it; Stale when the place is not
  // what it was; Cancelled; those of the engine. Null: nobody can make it yet, so it is shown only
  // as disabled.
  Result<ActionOutcome> (*make)(const ActionWork& work, const Action& action) = nullptr;
};

std::span<const ActionKind> action_kinds();
// nullptr when there is none.
const ActionKind* action_kind(std::string_view name);

// All that can be offered at a scene; automatic: only quick fixes of its diagnostics. What needs
// more than there is comes disabled, at the end, unless it is a quick fix.
std::vector<Action> offered_actions(const ActionScene& scene);

}  // namespace rondo::assist
