// How long a suggestion takes from each rung of an engine that nobody asks (engine::Rest), beside
// one that is awake: from request to the whole answer, its Segments in the tier that the rung
// leaves them in, files in the page cache.
//
// Thread: the caller's; starts an engine for the time of the call.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "bench/engine_bench.h"

namespace rondo::bench {

struct WakeResult {
  std::string device, kernels;
  int32_t n_context_tokens = 0;  // of Segments
  // Medians, in milliseconds.
  double awake_ms = 0;     // Segments in the pool, the prompt read from its beginning
  double kv_ms = 0;        // Segments in the host's memory; 0: the CPU has no such rung
  double released_ms = 0;  // the model in files, Segments on disk
  double start_ms = 0;     // the same by an engine that is loaded for it: what loading alone is in
};

// Asks `options.n_repetitions` times from each rung, for n_tokens tokens behind n_active_tokens
// and n_context_tokens. Errors: those of Engine::load and of its requests.
Result<WakeResult> bench_wake(const EngineBenchOptions& options);

}  // namespace rondo::bench
