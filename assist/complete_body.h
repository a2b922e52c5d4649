// Writes the body of a function that has none: empty, or only pass, ..., a comment or the error
// that it is not implemented. What the docstring says stays, and the signature does.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_complete_body(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> complete_body(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
