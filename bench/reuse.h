// What kept keys and values are worth: the time to the first token behind a keystroke, with
// Segments composed and the cursor's sequence there, beside reading the same tokens again, beside
// no context at all, and beside what the device cannot do without.
//
// Thread: the caller's; starts threads of its own for the time of the call.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/engine_bench.h"

namespace rondo::bench {

// From the prompt to its first token.
struct FirstToken {
  double ms = 0;      // median repetition
  int64_t bytes = 0;  // weights and K/V that a step must read
  int64_t flops = 0;

  // What the machine would take that these rates are of.
  double floor_ms(double bytes_per_s, double flops_per_s) const;
};

struct ReuseRow {
  int32_t n_context_tokens = 0;  // of Segments
  FirstToken keystroke;          // the new tokens alone
  FirstToken cold_active;        // all active tokens; the Segments are there
  FirstToken read_again;         // context and active tokens as one prompt
};

struct ReuseResult {
  std::string device, kernels, peak_name;  // limits.h
  int32_t n_threads = 0;
  double bandwidth = 0;  // bytes/s
  double peak_flops_per_s = 0;
  FirstToken no_context;  // a keystroke with the active tokens alone
  std::vector<ReuseRow> rows;
};

struct ReuseOptions {
  EngineBenchOptions engine;  // n_active_tokens, n_repetitions, and which model on which device
  std::vector<int32_t> contexts = {4096, 16384};
  int32_t n_new_tokens = 8;                         // of a keystroke
  std::function<void(const std::string&)> on_step;  // told of each figure before it is measured
};

// Errors: those of loading the model; InvalidArgument where it was not trained to read Segments;
// ResourceExhausted where the pool is too small.
Result<ReuseResult> bench_reuse(const ReuseOptions& options);

}  // namespace rondo::bench
