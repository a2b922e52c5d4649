// How one sequence decodes while another's prompt is prefilled: the two in turns on one lane, and
// side by side on the two that a GPU has (engine/chunk_lane.h), beside each of them alone.
//
// Thread: the caller's.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "bench/engine_bench.h"

namespace rondo::bench {

struct DecodePace {
  double tokens_per_s = 0;
  double median_gap_ms = 0;   // between two tokens
  double longest_gap_ms = 0;  // of all
  double prefill_ms = 0;      // of the prompt, to the choice of its first token
};

struct BesidePrefillResult {
  std::string device, kernels;
  int32_t n_chunk_tokens = 0;
  DecodePace alone;  // each of the two
  DecodePace in_turns;
  DecodePace side_by_side;
};

// Decodes behind options.n_active_tokens while options.n_beside_tokens are prefilled; of the
// repetitions that one counts whose prefill took the median time.
// Errors: those of loading the model; InvalidArgument on the CPU, which has one lane.
Result<BesidePrefillResult> bench_beside_prefill(const EngineBenchOptions& options);

}  // namespace rondo::bench
