// Mends a syntax error: puts what is missing (a bracket, a colon, a quote), or takes what is too
// much, where the grammar stumbles. Candidates are those after which it stumbles less; of several
// the model chooses.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_fix_syntax(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> fix_syntax(const ActionWork& work, const Action& action);

// The edits that might mend the error nearest behind the line of `offset`: those after which the
// text has the fewest errors, fewer than before. Errors: those of the parser.
Result<std::vector<TextEdit>> syntax_fixes(const ActionScene& scene, int64_t offset,
                                           const std::stop_token& stop);

}  // namespace rondo::assist
