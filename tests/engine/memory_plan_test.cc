#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include "engine/named_configs.h"
#include "engine/speed_forecast.h"

namespace rondo::engine {
namespace {

constexpr int64_t kGib = 1 << 30;

ModelConfig shape(const char* name, WeightFormat format = WeightFormat::kBf16) {
  ModelConfig config = *named_config(name, 0);
  config.weight_format = format;
  return config;
}

// 320 KiB a token of the 40B shape; a Loop model adds its windows alone (research: the reports'
// tables).
TEST(MemoryPlan, CountsKeysAndValuesByPages) {
  const ModelConfig dense = shape("iquest-40b"), loop = shape("iquest-40b-loop");
  EXPECT_EQ(token_kv_bytes(dense), 320 << 10);
  const MemoryPlan one = plan_memory(dense, {.n_active_tokens = 131072});
  EXPECT_EQ(one.kv(), int64_t{131072} * (320 << 10));
  EXPECT_EQ(plan_memory(dense, {.n_active_tokens = 131057}).kv(), one.kv());  // the same pages
  const MemoryPlan two = plan_memory(loop, {.n_sequences = 2, .n_active_tokens = 131072});
  EXPECT_EQ(two.active, 2 * one.active);
  EXPECT_EQ(two.loop_state, 2 * (64 + 128 + 16) * (int64_t{320} << 10));
  const MemoryPlan shared =
      plan_memory(dense, {.n_sequences = 8, .n_segment_tokens = 65536, .n_active_tokens = 1024});
  EXPECT_EQ(shared.segments, int64_t{65536} * (320 << 10));
  EXPECT_EQ(shared.active, int64_t{8} * 1024 * (320 << 10));
}

TEST(MemoryPlan, WeightsAreThoseOfTheFormat) {
  const auto gib = [](const char* name, WeightFormat format) {
    return static_cast<double>(plan_memory(shape(name, format), {}).weights()) / kGib;
  };
  // 7.6 and 39.8 G parameters, of which 2 x 0.39 G are embedding and head (models.md).
  EXPECT_NEAR(gib("iquest-7b", WeightFormat::kBf16), 7.6 * 2e9 / kGib, 0.1);
  EXPECT_NEAR(gib("iquest-40b", WeightFormat::kBf16), 39.8 * 2e9 / kGib, 0.5);
  EXPECT_NEAR(gib("iquest-40b", WeightFormat::kInt8Channel), 39.8e9 / kGib, 0.5);
  EXPECT_NEAR(gib("iquest-40b", WeightFormat::kInt4Group), (39.0e9 * 0.516 + 1.6e9) / kGib, 0.4);
}

// Published parameters without embeddings (model cards of Qwen2.5-Coder), in bf16.
TEST(MemoryPlan, LayersOfQwenCodersAreAsLargeAsPublished) {
  for (const auto& [name, billions] : {std::pair{"qwen2.5-coder-0.5b", 0.36},
                                       {"qwen2.5-coder-1.5b", 1.31},
                                       {"qwen2.5-coder-3b", 2.77},
                                       {"qwen2.5-coder-7b", 6.53},
                                       {"qwen2.5-coder-14b", 13.1},
                                       {"qwen2.5-coder-32b", 31.0}}) {
    const auto bytes = static_cast<double>(plan_memory(shape(name), {}).layers);
    EXPECT_NEAR(bytes / 2e9, billions, billions < 10 ? 0.006 : 0.25) << name;
  }
}

// What docs/performance.md says was measured, which the forecast's shares come from: a guard for
// the sums, whose reach to other shapes is a forecast.
TEST(SpeedForecast, AgreesWithWhatWasMeasuredOnAnH100) {
  const GpuSpec h100 = *find_gpu("h100");
  const auto tokens_per_second = [&](const ModelConfig& config, int64_t n_active) {
    return 1 / forecast_decode(config, {.n_active_tokens = n_active}, h100).total();
  };
  EXPECT_NEAR(tokens_per_second(shape("iquest-7b"), 16), 199, 10);
  EXPECT_NEAR(tokens_per_second(shape("iquest-7b"), 8192), 191, 10);
  EXPECT_NEAR(tokens_per_second(shape("iquest-7b"), 32000), 176, 9);
  EXPECT_NEAR(tokens_per_second(shape("iquest-7b", WeightFormat::kInt8Channel), 16), 347, 34);
  EXPECT_NEAR(tokens_per_second(shape("iquest-7b", WeightFormat::kInt4Group), 16), 502, 48);
  EXPECT_NEAR(forecast_prefill(shape("iquest-7b"), 8192, h100), 0.181, 0.018);
}

// 40B shape, window 64: the trapezoid is 0.66, 0.58 and 0.515 of two whole loops at 8K, 16K and
// 128K.
TEST(SpeedForecast, ALoopModelPaysForItsTrapezoid) {
  const GpuSpec h100 = *find_gpu("h100");
  const ModelConfig dense = shape("iquest-40b"), loop = shape("iquest-40b-loop");
  for (const auto& [n_tokens, ratio] : {std::pair(8192, 0.66), {16384, 0.58}, {131072, 0.515}}) {
    const double two_loops = 2 * forecast_prefill(dense, n_tokens, h100);
    EXPECT_NEAR(forecast_prefill(loop, n_tokens, h100) / two_loops, ratio, 0.02) << n_tokens;
  }
}

TEST(LayerSplit, FillsTheFasterMemoryFirst) {
  const ModelConfig config = shape("iquest-40b", WeightFormat::kInt8Channel);
  const GpuSpec fast = *find_gpu("rtx-5090"), slow = *find_gpu("rtx-3090");
  const auto split = split_layers(config, {}, std::vector{slow, fast});
  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(split->n_layers[0] + split->n_layers[1], 80);
  EXPECT_GT(split->n_layers[1], split->n_layers[0]);
  EXPECT_GT(split->decode[0] / split->n_layers[0], split->decode[1] / split->n_layers[1]);
  EXPECT_FALSE(split_layers(config, {}, std::vector{fast}).has_value());
  EXPECT_FALSE(split_layers(config, {.n_active_tokens = 1 << 20}, std::vector{slow, fast}));
}

}  // namespace
}  // namespace rondo::engine
