#include "bench/engine_bench.h"

#include <algorithm>

#include "bench/kernel_profile.h"
#include "bench/limits.h"
#include "bench/loaded_model.h"
#include "bench/timing.h"
#include "bench/work.h"

namespace rondo::bench {
namespace {

constexpr int64_t kPoolBytes = 1ll << 30;
constexpr int64_t kShapePoolBytes = 4ll << 30;
constexpr int32_t kSegmentTokens = 300;  // a long function

// What a decode step must read: every layer once a loop, the head, and the K/V that it attends to.
int64_t decode_bytes(const LoadedModel& loaded, const std::vector<engine::Sequence>& sequences) {
  const engine::ModelConfig& config = loaded.model.config();
  const int64_t token_bytes = loaded.pages.page_bytes() / kernels::kPageTokens;
  int64_t n_read = 0;
  for (const engine::Sequence& sequence : sequences) {
    n_read += config.n_loops * (sequence.n_segment_tokens() + sequence.n_tokens());
    if (config.n_loops > 1) n_read += std::min(config.loop_window, sequence.n_tokens());
  }
  return weight_bytes(config) + token_bytes * n_read;
}

// The K/V pool: for a model of our own a fixed size, else what the tokens of a run need.
PoolSize pool_size(const EngineBenchOptions& options) {
  return {.bytes = options.config.empty() ? kPoolBytes : kShapePoolBytes};
}

}  // namespace

Result<StartResult> bench_start(const EngineBenchOptions& options) {
  const Stopwatch watch;
  LoadTimes times;
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options, pool_size(options), &times));
  const int32_t n_prompt = std::max(options.n_active_tokens, 1);
  std::vector<engine::Sequence> sequences;
  sequences.emplace_back(loaded->model.config(), loaded->pages,
                         std::vector<std::shared_ptr<const engine::Segment>>{});
  RETURN_IF_ERROR(loaded->prefill(sequences[0], loaded->random_ids(n_prompt, 2)));
  RETURN_IF_ERROR(loaded->reserve(sequences[0], n_prompt + 2));
  engine::TokenIds tokens = {100};
  loaded->decode(sequences, tokens, 1);
  const double total = watch.seconds();
  loaded->decode(sequences, tokens, 1);
  RETURN_IF_ERROR(loaded->device->status());
  return StartResult{.device = loaded->device->name(),
                     .kernels = loaded->device->kernels().name,
                     .weight_bytes = loaded->model.weights().packed_bytes(),
                     .device_ms = 1000 * times.device,
                     .weights_ms = 1000 * times.weights,
                     .pool_ms = 1000 * times.pool,
                     .first_token_ms = 1000 * (total - times.device - times.weights - times.pool),
                     .next_token_ms = 1000 * (watch.seconds() - total),
                     .total_ms = 1000 * total};
}

Result<DecodeResult> bench_decode(const EngineBenchOptions& options) {
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options, pool_size(options)));
  const engine::ModelConfig& config = loaded->model.config();
  const auto segments =
      loaded->encode(loaded->random_segments(options.n_context_tokens, kSegmentTokens, 1));
  const int32_t n_prompt = std::max(options.n_active_tokens, 1);
  std::vector<engine::Sequence> sequences;
  for (int32_t i = 0; i < options.n_sequences; ++i) {
    engine::Sequence& sequence = sequences.emplace_back(config, loaded->pages, segments);
    const engine::TokenIds prompt = loaded->random_ids(n_prompt, 2 + i);
    if (options.config.empty()) {
      RETURN_IF_ERROR(loaded->prefill(sequence, prompt));
      RETURN_IF_ERROR(loaded->reserve(sequence, n_prompt + options.n_tokens));
    } else {
      // Random weights: what lies in the pages is as good as what they would compute.
      RETURN_IF_ERROR(loaded->reserve(sequence, n_prompt + options.n_tokens));
      sequence.append(prompt);
    }
  }

  DecodeResult result = {.device = loaded->device->name(),
                         .kernels = loaded->device->kernels().name,
                         .n_threads = loaded->device->n_threads()};
  std::vector<double> rates;
  const auto truncate = [&](int32_t n_tokens) {
    for (engine::Sequence& sequence : sequences) sequence.truncate(n_tokens);
  };
  for (int32_t repetition = 0; repetition < options.n_repetitions; ++repetition) {
    truncate(n_prompt);
    engine::TokenIds tokens(sequences.size(), 100);
    reset_kernel_profile();
    const Stopwatch watch;
    loaded->decode(sequences, tokens, options.n_tokens);
    const double seconds = watch.seconds();
    rates.push_back(options.n_tokens * options.n_sequences / seconds);
    if (options.profile) result.profile = kernel_profile_table(seconds);
  }
  result.tokens_per_s = median(rates);
  result.best_tokens_per_s = *std::max_element(rates.begin(), rates.end());
  truncate(n_prompt + options.n_tokens / 2);
  result.bytes_per_step = decode_bytes(*loaded, sequences);
  result.bytes_per_s =
      result.tokens_per_s / options.n_sequences * static_cast<double>(result.bytes_per_step);
  ASSIGN_OR_RETURN(result.bandwidth, measure_bandwidth(*loaded));
  RETURN_IF_ERROR(loaded->device->status());
  return result;
}

Result<PrefillResult> bench_prefill(const EngineBenchOptions& options) {
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options, pool_size(options)));
  const engine::ModelConfig& config = loaded->model.config();
  PrefillResult result = {.device = loaded->device->name(),
                          .kernels = loaded->device->kernels().name,
                          .n_threads = loaded->device->n_threads()};
  std::vector<double> segment_rates;
  std::vector<double> active_seconds;
  const bool has_segments = config.segment.has_value();
  if (has_segments) loaded->encode(loaded->random_segments(kSegmentTokens, kSegmentTokens, 1000));
  for (int32_t repetition = 0; repetition < options.n_repetitions; ++repetition) {
    if (has_segments) {
      const auto inputs =
          loaded->random_segments(options.n_tokens, kSegmentTokens, 10 + 100 * repetition);
      loaded->store.clear();
      reset_kernel_profile();
      const Stopwatch watch;
      loaded->encode(inputs);
      const double seconds = watch.seconds();
      segment_rates.push_back(options.n_tokens / seconds);
      if (options.profile) result.segment_profile = kernel_profile_table(seconds);
    }
    reset_kernel_profile();
    engine::Sequence sequence(config, loaded->pages, {});
    const engine::TokenIds prompt = loaded->random_ids(options.n_active_tokens, 2 + repetition);
    const Stopwatch watch;
    RETURN_IF_ERROR(loaded->prefill(sequence, prompt));
    active_seconds.push_back(watch.seconds());
    if (options.profile) result.active_profile = kernel_profile_table(active_seconds.back());
  }
  if (has_segments) result.segment_tokens_per_s = median(segment_rates);
  result.segment_flops_per_s = result.segment_tokens_per_s / kSegmentTokens *
                               static_cast<double>(segment_flops(config, kSegmentTokens));
  result.active_ms = 1000 * median(active_seconds);
  result.active_flops = prompt_flops(config, {.n_tokens = options.n_active_tokens});
  result.active_flops_per_s = static_cast<double>(result.active_flops) / median(active_seconds);
  ASSIGN_OR_RETURN(result.peak_flops_per_s, measure_peak(*loaded));
  RETURN_IF_ERROR(loaded->device->status());
  return result;
}

}  // namespace rondo::bench
