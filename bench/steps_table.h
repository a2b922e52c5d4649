// The table of what steps bring.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "bench/steps.h"

namespace rondo::bench {

// In Markdown, a row a depth.
std::string steps_table(const StepsTable& table);
// The same with every answer.
Json steps_json(const StepsTable& table);

}  // namespace rondo::bench
