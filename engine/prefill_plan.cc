#include "engine/prefill_plan.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace rondo::engine {
namespace {

// From which slot on each layer of loop 1 is needed when nothing is cached, deepest layer first in
// the reasoning: layer l's outputs are the next layer's keys, and its keys reach window - 1 further
// back.
std::vector<LayerRange> trapezoid(const ModelConfig& config, const PrefillGoal& goal) {
  std::vector<LayerRange> ranges(config.n_layers);
  const int32_t reach = config.loop_window - 1;
  int32_t outputs_from = goal.first_output;
  int32_t keys_from = std::min(goal.first_output - reach, goal.n_tokens - reach - goal.margin);
  for (int32_t layer = config.n_layers - 1; layer >= 0; --layer) {
    ranges[layer] = {.keys_from = std::max(keys_from, 0),
                     .outputs_from = std::max(outputs_from, 0)};
    outputs_from = keys_from;
    keys_from -= reach;
  }
  return ranges;
}

// All of a prompt, but above the last layer only what is wanted.
std::vector<LayerRange> all_rows(const ModelConfig& config, const PrefillGoal& goal) {
  std::vector<LayerRange> ranges(config.n_layers);
  ranges.back().outputs_from = goal.first_output;
  return ranges;
}

// The first of loop 1's keys that the rows of a layer read.
int32_t first_key(const ModelConfig& config, const LayerRange& range, int32_t n_cached) {
  return std::max(std::max(n_cached, range.outputs_from) - (config.loop_window - 1), 0);
}

// Whether loop 1 can go on at slot `n_cached` with the keys that are there.
bool continues(const ModelConfig& config, std::span<const LayerRange> ranges, int32_t n_cached,
               std::span<const int32_t> valid_from) {
  for (int32_t layer = 0; layer < config.n_layers; ++layer) {
    const int32_t key = first_key(config, ranges[layer], n_cached);
    if (key < n_cached && valid_from[layer] > key) return false;
  }
  return true;
}

bool reads_cached_keys(const ModelConfig& config, std::span<const LayerRange> ranges,
                       int32_t n_cached) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const LayerRange& range) {
    return first_key(config, range, n_cached) < n_cached;
  });
}

// `slot`, or the end of the page before it where its own page is not written to.
int32_t writable(int32_t slot, const PrefillGoal& goal) {
  return slot >= goal.n_shared ? slot : slot / kernels::kPageTokens * kernels::kPageTokens;
}

}  // namespace

PrefillPlan plan_prefill(const ModelConfig& config, const PrefillGoal& goal,
                         std::span<const int32_t> valid_from) {
  PrefillPlan plan;
  plan.n_cached = writable(std::min(goal.n_matching, goal.first_output), goal);
  if (config.n_loops > 1) {
    plan.loop1 =
        goal.loop1_rows == Loop1Rows::kAll ? all_rows(config, goal) : trapezoid(config, goal);
    if (!continues(config, plan.loop1, plan.n_cached, valid_from)) {
      // Start where the trapezoid starts: below it nothing of loop 1 is needed.
      plan.restarts = true;
      plan.n_cached = writable(std::min(plan.n_cached, plan.loop1.front().keys_from), goal);
    }
    if (!reads_cached_keys(config, plan.loop1, plan.n_cached))
      plan.window_from = plan.loop1.front().keys_from;
    for (LayerRange& range : plan.loop1) {
      range.keys_from = std::max(range.keys_from, plan.n_cached);
      range.outputs_from = std::max(range.outputs_from, plan.n_cached);
    }
  }
  plan.loop0.assign(config.n_layers, {.keys_from = plan.n_cached, .outputs_from = plan.n_cached});
  // Above the last layer only what loop 1, or the head, reads is wanted.
  plan.loop0.back().outputs_from = config.n_loops > 1 ? plan.loop1.front().keys_from
                                                      : std::max(goal.first_output, plan.n_cached);
  return plan;
}

}  // namespace rondo::engine
