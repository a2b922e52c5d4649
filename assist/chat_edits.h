// The actions that a chat model makes: a piece of code changed as somebody says, and a diagnostic
// fixed. The answer takes the place of whole lines; what of it is taken, chat_answer.h says.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

// The lines of action.bytes. What shall become of them is action.choice, which an editor has asked
// its user for; empty: the comment that their first line is.
Result<ActionOutcome> change_as_told(const ActionWork& work, const Action& action);

// One for each diagnostic, with its message as the choice.
void offer_fixes(const ActionScene& scene, std::vector<Action>& actions);
// The function around action.bytes, else some lines around it, without what action.choice says.
Result<ActionOutcome> fix_as_told(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
