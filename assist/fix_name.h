// Puts the right name where a misspelt one stands. Candidates are the names that are known there
// and differ by a letter or two: of the scopes around, of the language, of the imported and
// neighbouring files. Of several the model chooses, or the user.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <string>
#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_fix_name(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> fix_name(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
