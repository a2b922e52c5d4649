// What measure_context_loss found, as a table for people and as JSON.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "bench/context_loss.h"

namespace rondo::bench {

// Markdown: a row a language, and all. Losses are means over examples in nats a token; the paired
// difference has its 95% interval.
std::string context_loss_table(const ContextLoss& loss);

// The same as an array of rows, and the witnesses.
Json context_loss_json(const ContextLoss& loss);

}  // namespace rondo::bench
