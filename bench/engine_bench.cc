#include "bench/engine_bench.h"

#include <algorithm>
#include <chrono>

#include "bench/kernel_profile.h"
#include "bench/kernels.h"
#include "bench/loaded_model.h"
#include "bench/membw.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kPoolBytes = 1ll << 30;
constexpr int64_t kShapePoolBytes = 4ll << 30;
constexpr int32_t kSegmentTokens = 300;  // a long function

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Of a layer's weights, or of the head's.
double bytes_of(const engine::ModelConfig& config, bool of_layer) {
  switch (config.weight_format) {
    case engine::WeightFormat::kBf16:
      return 2;
    case engine::WeightFormat::kInt8Channel:
      return 1;
    case engine::WeightFormat::kInt4Group:
      if (!of_layer) return 2;
      return 0.5 + (config.int4 && config.int4->has_zeros ? 3.0 : 2.0) / kernels::kInt4Group;
  }
  return 0;
}

int64_t weight_bytes(const engine::ModelConfig& config) {
  const auto n_layers = static_cast<double>(config.n_loops) * config.n_layers;
  return static_cast<int64_t>(
      n_layers * static_cast<double>(config.layer_parameters()) * bytes_of(config, true) +
      static_cast<double>(config.vocab_size) * config.hidden_size * bytes_of(config, false));
}

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

// Multiplications and additions of the matrix products and of attention over what each row sees.
int64_t segment_flops(const engine::ModelConfig& config, int64_t n_tokens) {
  const int64_t attention = 2 * 2 * int64_t{config.n_heads} * config.head_dim * (n_tokens / 2);
  const int64_t last_layer = 2 * int64_t{config.hidden_size} * config.qkv_dim();
  return n_tokens *
         ((config.n_layers - 1) * (2 * config.layer_parameters() + attention) + last_layer);
}

int64_t active_flops(const engine::ModelConfig& config, int32_t n_tokens) {
  const engine::PrefillPlan plan = engine::plan_prefill(
      config,
      {.n_tokens = n_tokens, .first_output = n_tokens - 1, .margin = engine::kTruncationMargin},
      std::vector<int32_t>(config.n_layers, 0));
  int64_t flops = 2 * int64_t{config.vocab_size} * config.hidden_size;
  for (const auto* ranges : {&plan.loop0, &plan.loop1}) {
    for (const engine::LayerRange& range : *ranges) {
      const int64_t qkv = 2 * int64_t{config.hidden_size} * config.qkv_dim();
      const int64_t n_outputs = n_tokens - range.outputs_from;
      const int64_t attention =
          2 * 2 * int64_t{config.n_heads} * config.head_dim * ((n_tokens + range.outputs_from) / 2);
      flops += (n_tokens - range.keys_from) * qkv +
               n_outputs * (2 * config.layer_parameters() - qkv + attention);
    }
  }
  return flops;
}

// The K/V pool: for a model of our own a fixed size, else what the tokens of a run need.
int64_t pool_bytes(const EngineBenchOptions& options) {
  return options.config.empty() ? kPoolBytes : kShapePoolBytes;
}

// The memory's bandwidth: the device's own measure, or the host's.
Result<double> measure_bandwidth(LoadedModel& loaded) {
  if (!loaded.device->is_cpu()) {
    ASSIGN_OR_RETURN(const kernels::Yardsticks yardsticks, loaded.device->measure());
    return yardsticks.copy_bytes_per_s;
  }
  const int64_t kv_bytes =
      loaded.pages.page_bytes() * (loaded.pages.n_pages() - loaded.pages.n_free());
  ASSIGN_OR_RETURN(const ReadBandwidth bandwidth,
                   measure_read_bandwidth(loaded.model.weights().packed_bytes() + kv_bytes,
                                          *loaded.device->stream().threads));
  return bandwidth.bytes_per_s;
}

Result<double> measure_peak(LoadedModel& loaded) {
  if (!loaded.device->is_cpu()) {
    ASSIGN_OR_RETURN(const kernels::Yardsticks yardsticks, loaded.device->measure());
    return yardsticks.matmul_flops_per_s;
  }
  const PeakRates peak = measure_peak_rates(*loaded.device->stream().threads);
  return std::string_view(loaded.device->kernels().name) == "amx" ? peak.amx_bf16 : peak.fma;
}

}  // namespace

Result<StartResult> bench_start(const EngineBenchOptions& options) {
  const auto begin = Clock::now();
  LoadTimes times;
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options, pool_bytes(options), &times));
  const int32_t n_prompt = std::max(options.n_active_tokens, 1);
  std::vector<engine::Sequence> sequences;
  sequences.emplace_back(loaded->model.config(), loaded->pages,
                         std::vector<std::shared_ptr<const engine::Segment>>{});
  RETURN_IF_ERROR(loaded->prefill(sequences[0], loaded->random_ids(n_prompt, 2)));
  RETURN_IF_ERROR(loaded->reserve(sequences[0], n_prompt + 2));
  engine::TokenIds tokens = {100};
  loaded->decode(sequences, tokens, 1);
  const double total = seconds_since(begin);
  loaded->decode(sequences, tokens, 1);
  RETURN_IF_ERROR(loaded->device->status());
  return StartResult{.device = loaded->device->name(),
                     .kernels = loaded->device->kernels().name,
                     .weight_bytes = loaded->model.weights().packed_bytes(),
                     .device_ms = 1000 * times.device,
                     .weights_ms = 1000 * times.weights,
                     .pool_ms = 1000 * times.pool,
                     .first_token_ms = 1000 * (total - times.device - times.weights - times.pool),
                     .next_token_ms = 1000 * (seconds_since(begin) - total),
                     .total_ms = 1000 * total};
}

Result<DecodeResult> bench_decode(const EngineBenchOptions& options) {
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options, pool_bytes(options)));
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
    const auto begin = Clock::now();
    loaded->decode(sequences, tokens, options.n_tokens);
    const double seconds = seconds_since(begin);
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
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(options, pool_bytes(options)));
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
      const auto begin = Clock::now();
      loaded->encode(inputs);
      const double seconds = seconds_since(begin);
      segment_rates.push_back(options.n_tokens / seconds);
      if (options.profile) result.segment_profile = kernel_profile_table(seconds);
    }
    reset_kernel_profile();
    engine::Sequence sequence(config, loaded->pages, {});
    const engine::TokenIds prompt = loaded->random_ids(options.n_active_tokens, 2 + repetition);
    const auto begin = Clock::now();
    RETURN_IF_ERROR(loaded->prefill(sequence, prompt));
    active_seconds.push_back(seconds_since(begin));
    if (options.profile) result.active_profile = kernel_profile_table(active_seconds.back());
  }
  if (has_segments) result.segment_tokens_per_s = median(segment_rates);
  result.segment_flops_per_s = result.segment_tokens_per_s / kSegmentTokens *
                               static_cast<double>(segment_flops(config, kSegmentTokens));
  result.active_ms = 1000 * median(active_seconds);
  result.active_flops = active_flops(config, options.n_active_tokens);
  result.active_flops_per_s = static_cast<double>(result.active_flops) / median(active_seconds);
  ASSIGN_OR_RETURN(result.peak_flops_per_s, measure_peak(*loaded));
  RETURN_IF_ERROR(loaded->device->status());
  return result;
}

}  // namespace rondo::bench
