#include "bench/reuse.h"

#include <algorithm>
#include <memory>

#include "bench/limits.h"
#include "bench/loaded_model.h"
#include "bench/timing.h"
#include "bench/work.h"

namespace rondo::bench {
namespace {

using Segments = std::vector<std::shared_ptr<const engine::Segment>>;

constexpr int32_t kSegmentTokens = 300;  // a long function
constexpr int32_t kWarmUps = 3;          // kernels are loaded and recorded before time is taken

class Bench {
 public:
  Bench(LoadedModel& loaded, const ReuseOptions& options)
      : loaded_(loaded),
        options_(options),
        n_active_(options.engine.n_active_tokens),
        n_typed_(n_active_ + options.n_new_tokens),
        active_(loaded.random_ids(n_active_, 2)) {}

  // The sequence has all but the new tokens, which differ each time.
  Result<FirstToken> keystroke(const Segments& segments) {
    engine::Sequence sequence(loaded_.model.config(), loaded_.pages, segments);
    RETURN_IF_ERROR(first_token(sequence, active_).status());
    std::vector<double> times;
    for (int32_t i = -kWarmUps; i < options_.engine.n_repetitions; ++i) {
      engine::TokenIds typed = active_;
      const auto more = loaded_.random_ids(options_.n_new_tokens, static_cast<uint32_t>(100 + i));
      typed.insert(typed.end(), more.begin(), more.end());
      ASSIGN_OR_RETURN(const double ms, first_token(sequence, typed));
      if (i >= 0) times.push_back(ms);
    }
    return FirstToken{.ms = median(times),
                      .bytes = bytes(n_typed_, sequence.n_segment_tokens()),
                      .flops = prompt_flops(loaded_.model.config(),
                                            {.n_tokens = n_typed_,
                                             .n_cached = n_active_,
                                             .n_context_tokens = sequence.n_segment_tokens()})};
  }

  // `prompt` on top of `segments`, nothing of it there.
  Result<FirstToken> cold(const Segments& segments, const engine::TokenIds& prompt,
                          int32_t n_times) {
    const auto n_tokens = static_cast<int32_t>(prompt.size());
    std::vector<double> times;
    int32_t n_context = 0;
    for (int32_t i = 0; i < n_times; ++i) {
      engine::Sequence sequence(loaded_.model.config(), loaded_.pages, segments);
      n_context = sequence.n_segment_tokens();
      ASSIGN_OR_RETURN(times.emplace_back(), first_token(sequence, prompt));
    }
    return FirstToken{.ms = median(times),
                      .bytes = bytes(n_tokens, n_context),
                      .flops = prompt_flops(loaded_.model.config(),
                                            {.n_tokens = n_tokens, .n_context_tokens = n_context})};
  }

  Result<ReuseRow> row(int32_t n_context) {
    say(n_context, "encoding Segments");
    loaded_.store.clear();
    const Segments segments =
        loaded_.encode(loaded_.random_segments(n_context, kSegmentTokens, 1000));
    ReuseRow row = {.n_context_tokens = n_context};
    say(n_context, "keystrokes");
    ASSIGN_OR_RETURN(row.keystroke, keystroke(segments));
    say(n_context, "cold active tokens");
    ASSIGN_OR_RETURN(row.cold_active, cold(segments, active_, 3));
    say(n_context, "everything read again");
    const engine::TokenIds all = loaded_.random_ids(n_context + n_typed_, 3);
    ASSIGN_OR_RETURN(row.read_again, cold({}, all, loaded_.device->is_cpu() ? 1 : 3));
    return row;
  }

 private:
  // Milliseconds; all of the sequence that `prompt` begins with is used.
  Result<double> first_token(engine::Sequence& sequence, const engine::TokenIds& prompt) {
    const auto n_tokens = static_cast<int32_t>(prompt.size());
    const Stopwatch watch;
    engine::Prefill prefill(loaded_.model, loaded_.pages, sequence, prompt, n_tokens - 1,
                            loaded_.chunk_tokens());
    if (!prefill.reserve(n_tokens + 1)) return loaded_.pool_too_small();
    while (!prefill.step()) {
    }
    loaded_.model.queue_choice(prefill.outputs(), {});
    loaded_.model.take_choices();
    RETURN_IF_ERROR(loaded_.device->status());
    return 1e3 * watch.seconds();
  }

  int64_t bytes(int64_t n_tokens, int64_t n_context) const {
    const engine::ModelConfig& config = loaded_.model.config();
    int64_t n_read = config.n_loops * (n_tokens + n_context);
    if (config.n_loops > 1) n_read += std::min<int64_t>(config.loop_window, n_tokens);
    return weight_bytes(config) + n_read * loaded_.pages.page_bytes() / kernels::kPageTokens;
  }

  void say(int32_t n_context, const char* what) const {
    if (options_.on_step) options_.on_step(std::to_string(n_context) + " tokens: " + what);
  }

  LoadedModel& loaded_;
  const ReuseOptions& options_;
  const int32_t n_active_, n_typed_;
  const engine::TokenIds active_;
};

}  // namespace

double FirstToken::floor_ms(double bytes_per_s, double flops_per_s) const {
  return 1e3 * std::max(static_cast<double>(bytes) / bytes_per_s,
                        static_cast<double>(flops) / flops_per_s);
}

Result<ReuseResult> bench_reuse(const ReuseOptions& options) {
  ASSIGN_OR_RETURN(const engine::ModelConfig config, LoadedModel::config_of(options.engine));
  if (!config.segment)
    return invalid_argument_error(
        "this model was not trained to read Segments; the embedded one "
        "(rondo bench reuse without --random-weights) was");
  // Segments, whose last pages are not full, and a prompt of as many tokens in both loops.
  const int64_t n_most = *std::max_element(options.contexts.begin(), options.contexts.end());
  const PoolSize pool = {.tokens = 4 * (n_most + options.engine.n_active_tokens) + 4096};
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options.engine, pool));
  Bench bench(*loaded, options);
  ReuseResult result = {.device = loaded->device->name(),
                        .kernels = loaded->device->kernels().name,
                        .peak_name = peak_name(*loaded->device),
                        .n_threads = loaded->device->n_threads()};
  ASSIGN_OR_RETURN(result.no_context, bench.keystroke({}));
  for (const int32_t n_context : options.contexts) {
    ASSIGN_OR_RETURN(result.rows.emplace_back(), bench.row(n_context));
  }
  ASSIGN_OR_RETURN(result.bandwidth, measure_bandwidth(*loaded));
  ASSIGN_OR_RETURN(result.peak_flops_per_s, measure_peak(*loaded));
  return result;
}

}  // namespace rondo::bench
