#include "bench/trapezoid.h"

#include <algorithm>

#include "bench/limits.h"
#include "bench/loaded_model.h"
#include "bench/timing.h"
#include "bench/work.h"

namespace rondo::bench {
namespace {

using engine::Loop1Rows;

constexpr int32_t kWarmUpTokens = 2048;

// Of the longest prompt: loop 0's keys, and of loop 1's what either way has at a time.
PoolSize pool_for(const engine::ModelConfig& config, int32_t n_tokens) {
  const auto n_window =
      static_cast<int64_t>(engine::trapezoid_tokens(config, 1, engine::kTruncationMargin));
  constexpr int64_t kChunkAndEnds = 17'000;  // tokens; a chunk has at most 16,384
  const int64_t n_loop1 = std::min<int64_t>(n_tokens, std::max(n_window, kChunkAndEnds));
  return {.tokens = n_tokens + n_loop1 + 4 * kernels::kPageTokens};
}

class Bench {
 public:
  Bench(LoadedModel& loaded, const TrapezoidOptions& options)
      : loaded_(loaded), options_(options) {}

  int32_t n_chunk_tokens() const {
    const int32_t n = options_.engine.n_chunk_tokens;
    return n > 0 ? n : loaded_.chunk_tokens();
  }

  // Kernels are loaded and algorithms chosen before anything is timed.
  Status warm_up(int32_t n_longest) {
    for (const Loop1Rows rows : {Loop1Rows::kAll, Loop1Rows::kNeeded})
      RETURN_IF_ERROR(seconds(std::min(n_longest, kWarmUpTokens), rows).status());
    return {};
  }

  Result<TrapezoidRow> measure(int32_t n_tokens) {
    std::vector<double> whole, trapezoid;
    for (int32_t i = 0; i < options_.engine.n_repetitions; ++i) {
      say(n_tokens, "both loops whole");
      ASSIGN_OR_RETURN(whole.emplace_back(), seconds(n_tokens, Loop1Rows::kAll));
      say(n_tokens, "trapezoid");
      ASSIGN_OR_RETURN(trapezoid.emplace_back(), seconds(n_tokens, Loop1Rows::kNeeded));
    }
    const auto flops = [&](Loop1Rows rows) {
      return prompt_flops(loaded_.model.config(), {.n_tokens = n_tokens, .loop1_rows = rows});
    };
    return TrapezoidRow{.n_tokens = n_tokens,
                        .whole_s = median(whole),
                        .trapezoid_s = median(trapezoid),
                        .whole_flops = flops(Loop1Rows::kAll),
                        .trapezoid_flops = flops(Loop1Rows::kNeeded)};
  }

 private:
  // To the logits behind the last token.
  Result<double> seconds(int32_t n_tokens, Loop1Rows rows) {
    engine::Sequence sequence(loaded_.model.config(), loaded_.pages, {});
    const engine::TokenIds prompt = loaded_.random_ids(n_tokens, 2);
    const Stopwatch watch;
    RETURN_IF_ERROR(loaded_.prefill(sequence, prompt,
                                    {.n_chunk_tokens = n_chunk_tokens(), .loop1_rows = rows}));
    return watch.seconds();
  }

  void say(int32_t n_tokens, const char* way) const {
    if (options_.on_step) options_.on_step(std::to_string(n_tokens) + " tokens, " + way);
  }

  LoadedModel& loaded_;
  const TrapezoidOptions& options_;
};

}  // namespace

Result<TrapezoidResult> bench_trapezoid(const TrapezoidOptions& options) {
  const int32_t n_longest = *std::max_element(options.lengths.begin(), options.lengths.end());
  ASSIGN_OR_RETURN(const engine::ModelConfig config, LoadedModel::config_of(options.engine));
  if (config.n_loops == 1)
    return invalid_argument_error(
        "this model runs its layers once; the trapezoid is of models "
        "with loop_num 2, as iquest-40b-loop and loopcoder-mini are");
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options.engine, pool_for(config, n_longest)));
  Bench bench(*loaded, options);
  TrapezoidResult result = {.device = loaded->device->name(),
                            .kernels = loaded->device->kernels().name,
                            .n_threads = loaded->device->n_threads(),
                            .n_chunk_tokens = bench.n_chunk_tokens(),
                            .peak_name = peak_name(*loaded->device)};
  RETURN_IF_ERROR(bench.warm_up(n_longest));
  for (const int32_t n_tokens : options.lengths) {
    ASSIGN_OR_RETURN(result.rows.emplace_back(), bench.measure(n_tokens));
  }
  ASSIGN_OR_RETURN(result.peak_flops_per_s, measure_peak(*loaded));
  return result;
}

}  // namespace rondo::bench
