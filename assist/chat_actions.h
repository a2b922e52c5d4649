// The actions that only a model can make that follows instructions: explain, change as told
// (chat_edits.h), review. Another one shows them disabled, so that people see what there would be.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_explain(const ActionScene& scene, std::vector<Action>& actions);
void offer_instruct(const ActionScene& scene, std::vector<Action>& actions);
void offer_review(const ActionScene& scene, std::vector<Action>& actions);

// Markdown about the lines of action.bytes. What is asked is action.choice; empty: what the code
// does, or what is wrong with it.
Result<ActionOutcome> explain_code(const ActionWork& work, const Action& action);
Result<ActionOutcome> review_code(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
