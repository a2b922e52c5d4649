#include "bench/work.h"

#include <algorithm>
#include <vector>

#include "engine/prefill.h"

namespace rondo::bench {
namespace {

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

// Of a query that sees one key.
int64_t pair_flops(const engine::ModelConfig& config) {
  return 2 * 2 * int64_t{config.n_heads} * config.head_dim;
}

int64_t qkv_flops(const engine::ModelConfig& config) {
  return 2 * int64_t{config.hidden_size} * config.qkv_dim();
}

// Keys that the rows [from, to) of a causal sequence see of the last `window`.
int64_t causal_pairs(int64_t from, int64_t to, int64_t window) {
  const auto up_to = [window](int64_t n) {
    const int64_t n_short = std::min(n, window);
    return n_short * (n_short + 1) / 2 + (n - n_short) * window;
  };
  return up_to(to) - up_to(from);
}

}  // namespace

int64_t weight_bytes(const engine::ModelConfig& config) {
  const auto n_layers = static_cast<double>(config.n_loops) * config.n_layers;
  return static_cast<int64_t>(
      n_layers * static_cast<double>(config.layer_parameters()) * bytes_of(config, true) +
      static_cast<double>(config.vocab_size) * config.hidden_size * bytes_of(config, false));
}

int64_t segment_flops(const engine::ModelConfig& config, int64_t n_tokens) {
  const int64_t attention = pair_flops(config) * causal_pairs(0, n_tokens, n_tokens);
  return n_tokens * (2 * (config.n_layers - 1) * config.layer_parameters() + qkv_flops(config)) +
         (config.n_layers - 1) * attention;
}

int64_t prompt_flops(const engine::ModelConfig& config, const PromptWork& work) {
  // A sequence that was read before has all of its window's keys.
  const engine::PrefillPlan plan = engine::plan_prefill(config,
                                                        {.n_tokens = work.n_tokens,
                                                         .n_matching = work.n_cached,
                                                         .first_output = work.n_tokens - 1,
                                                         .margin = engine::kTruncationMargin,
                                                         .loop1_rows = work.loop1_rows},
                                                        std::vector<int32_t>(config.n_layers, 0));
  int64_t flops = 2 * int64_t{config.vocab_size} * config.hidden_size;
  const auto add = [&](const engine::LayerRange& range, bool has_window) {
    const int64_t n_outputs = work.n_tokens - range.outputs_from;
    int64_t n_pairs = causal_pairs(range.outputs_from, work.n_tokens, work.n_tokens) +
                      n_outputs * work.n_context_tokens;
    if (has_window) n_pairs += causal_pairs(range.outputs_from, work.n_tokens, config.loop_window);
    flops += (work.n_tokens - range.keys_from) * qkv_flops(config) +
             n_outputs * (2 * config.layer_parameters() - qkv_flops(config)) +
             n_pairs * pair_flops(config);
  };
  for (const engine::LayerRange& range : plan.loop0) add(range, false);
  for (const engine::LayerRange& range : plan.loop1) add(range, true);
  return flops;
}

}  // namespace rondo::bench
