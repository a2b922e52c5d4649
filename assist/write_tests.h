// Writes tests of a Python function, and keeps only those that pass: what the model writes runs in
// a copy of the indexed files, in the sandbox, with pytest. A test that checks nothing, or never
// calls the function, is none. A model that fills in writes the body of one; one that chats,
// several.
//
// Thread: pure functions; making waits for the engine, the disk and the tests.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_write_tests(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> write_tests(const ActionWork& work, const Action& action);

}  // namespace rondo::assist
