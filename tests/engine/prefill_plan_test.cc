#include "engine/prefill_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace rondo::engine {
namespace {

ModelConfig loop_config(int32_t n_layers, int32_t window) {
  ModelConfig config;
  config.architecture = Architecture::kLoopCoder;
  config.n_layers = n_layers;
  config.n_loops = 2;
  config.loop_window = window;
  return config;
}

// Follows the dependencies of loop 1 slot by slot: what the wanted outputs need must be computed or
// cached.
void expect_covers(const ModelConfig& config, const PrefillGoal& goal, const PrefillPlan& plan,
                   std::span<const int32_t> valid_from) {
  int32_t needed_from = goal.first_output;  // outputs of the layer above
  for (int32_t layer = config.n_layers - 1; layer >= 0; --layer) {
    const LayerRange& range = plan.loop1[layer];
    const int32_t first_output = std::max(needed_from, plan.n_cached);
    ASSERT_LE(range.outputs_from, first_output) << "layer " << layer;
    for (int32_t key = std::max(0, first_output - config.loop_window + 1); key < goal.n_tokens;
         ++key) {
      const bool computed = key >= range.keys_from;
      const bool cached = !plan.restarts && key < plan.n_cached && key >= valid_from[layer];
      ASSERT_TRUE(computed || cached) << "layer " << layer << " key " << key;
    }
    // Keys are projections of the outputs below.
    needed_from = range.keys_from;
    ASSERT_GE(range.keys_from, plan.window_from);
    ASSERT_GE(std::max(0, first_output - config.loop_window + 1), plan.window_from);
  }
  ASSERT_LE(plan.loop0.back().outputs_from, needed_from);
}

TEST(PrefillPlan, CoversWhatTheWantedRowsDependOn) {
  std::mt19937 random(7);
  const auto pick = [&](int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 5000; ++trial) {
    const ModelConfig config = loop_config(pick(1, 6), pick(1, 12));
    const int32_t n_tokens = pick(1, 120);
    const PrefillGoal goal = {
        .n_tokens = n_tokens,
        .n_matching = pick(0, n_tokens - 1),
        .first_output = pick(0, 1) == 0 ? n_tokens - 1 : pick(0, n_tokens - 1),
        .margin = pick(0, 10)};
    std::vector<int32_t> valid_from;
    for (int32_t l = 0; l < config.n_layers; ++l) valid_from.push_back(pick(0, goal.n_matching));
    const PrefillPlan plan = plan_prefill(config, goal, valid_from);
    ASSERT_LE(plan.n_cached, goal.n_matching);
    ASSERT_LE(plan.n_cached, goal.first_output);
    expect_covers(config, goal, plan, valid_from);
  }
}

TEST(PrefillPlan, ColdTrapezoidHasTheWidthsOfTheFormula) {
  const ModelConfig config = loop_config(10, 64);
  const PrefillPlan plan =
      plan_prefill(config, {.n_tokens = 4000, .first_output = 3999}, std::vector<int32_t>(10, 0));
  for (int32_t l = 0; l < 10; ++l) {
    EXPECT_EQ(4000 - plan.loop1[l].keys_from, 63 * (10 - l) + 1);
    EXPECT_EQ(4000 - plan.loop1[l].outputs_from, 63 * (10 - 1 - l) + 1);
  }
  EXPECT_EQ(4000 - plan.window_from, 63 * 10 + 1);
  EXPECT_EQ(4000 - plan.window_from, trapezoid_tokens(config, 1, 0));
}

TEST(PrefillPlan, TypingAtTheEndNeedsTheNewTokensAlone) {
  const ModelConfig config = loop_config(10, 64);
  const PrefillPlan cold = plan_prefill(
      config, {.n_tokens = 1000, .first_output = 999, .margin = 32}, std::vector<int32_t>(10, 0));
  std::vector<int32_t> valid_from;
  for (const LayerRange& range : cold.loop1) valid_from.push_back(range.keys_from);
  // The last 3 tokens changed and 5 came.
  const PrefillPlan next = plan_prefill(
      config, {.n_tokens = 1005, .n_matching = 997, .first_output = 1004, .margin = 32},
      valid_from);
  EXPECT_FALSE(next.restarts);
  EXPECT_EQ(next.n_cached, 997);
  for (const LayerRange& range : next.loop1) EXPECT_EQ(range.keys_from, 997);
}

TEST(PrefillPlan, ACutBehindTheKeptKeysGoesBackOneTrapezoid) {
  const ModelConfig config = loop_config(10, 64);
  const PrefillPlan plan =
      plan_prefill(config, {.n_tokens = 2001, .n_matching = 2000, .first_output = 2000},
                   std::vector<int32_t>(10, 2000));
  EXPECT_TRUE(plan.restarts);
  EXPECT_EQ(plan.n_cached, 2001 - (63 * 10 + 1));
}

TEST(PrefillPlan, PlainModelsComputeTheRestAndTheWantedRows) {
  ModelConfig config;
  config.n_layers = 3;
  const PrefillPlan plan =
      plan_prefill(config, {.n_tokens = 50, .n_matching = 20, .first_output = 49}, {});
  EXPECT_EQ(plan.n_cached, 20);
  EXPECT_TRUE(plan.loop1.empty());
  EXPECT_EQ(plan.loop0[0].outputs_from, 20);
  EXPECT_EQ(plan.loop0[2].keys_from, 20);
  EXPECT_EQ(plan.loop0[2].outputs_from, 49);
}

}  // namespace
}  // namespace rondo::engine
