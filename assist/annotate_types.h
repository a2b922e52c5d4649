// Writes the types of a function's parameters and of what it returns, where they are missing and
// the language lets one leave them out (Python, TypeScript). Only types that are known there: of
// the language, of other annotations in the file, of classes that it defines or imports. A default
// or the lack of any result says the type by itself; of others the model chooses, or it stays open.
// A class that Python defines only later is written as a string.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_annotate_types(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> annotate_types(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
