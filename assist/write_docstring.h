// Says in a sentence what a function does, where its language says that: in a string at the
// beginning of its body, or in a comment before it.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_write_docstring(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> write_docstring(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
