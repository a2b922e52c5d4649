// What the trapezoid is worth (engine/prefill_plan.h): the time of a cold prompt of a Loop model
// with it, beside the time of a prefill that runs every row through both loops, in the same run.
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

struct TrapezoidRow {
  int32_t n_tokens = 0;
  double whole_s = 0;  // median repetition
  double trapezoid_s = 0;
  int64_t whole_flops = 0;
  int64_t trapezoid_flops = 0;

  double time_ratio() const { return trapezoid_s / whole_s; }
  double work_ratio() const {
    return static_cast<double>(trapezoid_flops) / static_cast<double>(whole_flops);
  }
};

struct TrapezoidResult {
  std::string device, kernels;
  int32_t n_threads = 0;
  int32_t n_chunk_tokens = 0;  // rows of a step
  std::string peak_name;       // whose rate peak_flops_per_s is (limits.h)
  double peak_flops_per_s = 0;
  std::vector<TrapezoidRow> rows;
};

struct TrapezoidOptions {
  EngineBenchOptions engine;                     // of its tokens only n_chunk_tokens counts
  std::vector<int32_t> lengths = {8192, 16384};  // of the prompts, in tokens
  // Told of each length and way before it is measured: "16384 tokens, both loops whole".
  std::function<void(const std::string&)> on_step;
};

// Errors: those of loading the model; InvalidArgument where it runs its layers once;
// ResourceExhausted where a prompt does not fit.
Result<TrapezoidResult> bench_trapezoid(const TrapezoidOptions& options);

}  // namespace rondo::bench
