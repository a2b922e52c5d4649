// The tables of what a gate shows.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "bench/gate.h"

namespace rondo::bench {

// How many times as many of what is shown should be right as without a gate.
inline constexpr double kWantedGain = 1.6;

// In Markdown: each feature fitted on one half of the cases and judged on the other, then all cases
// by thresholds of the mean.
std::string gate_table(const std::vector<GateCase>& cases);
Json gate_json(const std::vector<GateCase>& cases);

}  // namespace rondo::bench
