// What measure_quality found, as tables for people and as JSON.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "bench/quality.h"

namespace rondo::bench {

// Markdown. Shares in percent and differences with their 95% intervals.
//   every mode         exact match and mean log-probability of the truth
//   every language     the same for the order that a model prefers
//   token healing      by where the cursor stands
//   context            what Segments change, hole by hole
std::string quality_table(const std::vector<HoleResult>& results, engine::FimOrder order);

// An object for each mode and group, "all" included.
Json quality_json(const std::vector<HoleResult>& results);

}  // namespace rondo::bench
