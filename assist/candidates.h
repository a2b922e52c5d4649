// The candidates of a completion: of what a model answered, what an editor can show there.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "assist/completion.h"
#include "engine/request.h"

namespace rondo::assist {

// Where the text of a candidate goes: in place of what the selected menu entry takes over, else at
// the cursor.
int64_t replaced_from(const CompletionParams& params);

// Adds what can be shown of an answer to `outcome`, once: fitted to the text around the cursor, and
// let through by the gate where nobody asked. Else outcome.report.silence says why not.
void add_candidate(const CompletionParams& params, const engine::Completion& completion,
                   CompletionOutcome& outcome);

// The same of what a loop of steps has made of the place: it comes before all others; where nobody
// asked, in place of them.
void add_repaired(const CompletionParams& params, std::string text, float mean_logprob,
                  CompletionOutcome& outcome);

// Puts the likeliest first, behind what a loop of steps has made.
void order_candidates(CompletionOutcome& outcome);

}  // namespace rondo::assist
