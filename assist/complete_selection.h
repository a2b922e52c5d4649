// Completes or writes anew what is selected: the selection is a hole for the model. Blanks around
// it stay; of whole lines, their indentation too.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_complete_selection(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> complete_selection(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
