// What measure_worktree and measure_problems found, as Markdown or JSON.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "bench/infill.h"

namespace rondo::bench {

// Every mode by kind of hole and by language, then each mode against "composed", pair by pair.
// Intervals are 95 %, by bootstrap over the cases. REQUIRES: there are results.
std::string infill_table(const InfillTable& table);
Json infill_json(const InfillTable& table);

}  // namespace rondo::bench
