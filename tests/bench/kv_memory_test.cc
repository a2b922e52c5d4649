#include "bench/kv_memory.h"

#include <gtest/gtest.h>

#include "engine/named_configs.h"

namespace rondo::bench {
namespace {

constexpr int64_t kPage = 16 * 5120;  // loopcoder-mini's, in bytes

TEST(KvMemory, TiersCountWholePages) {
  const engine::ModelConfig config = *engine::named_config("loopcoder-mini", 0);
  const std::vector<BlockTokens> blocks = {{.n_tokens = 100, .n_kept = 20},
                                           {.n_tokens = 17, .n_kept = 17},
                                           {.n_tokens = 300, .n_kept = 32}};
  const TierRow row = tier_row(config, blocks, 101, 512);
  EXPECT_EQ(row.n_composed_tokens, 117);
  EXPECT_EQ(row.segment_bytes, (7 + 2) * kPage);
  EXPECT_EQ(row.rest_bytes, 19 * kPage);
  EXPECT_EQ(row.released_rest_bytes, 2 * kPage);
  EXPECT_EQ(row.active_bytes, (32 + 12 + 1) * kPage);
  EXPECT_EQ(row.full_and_window_bytes, (40 + 4 + 1) * kPage);
  EXPECT_EQ(row.two_full_bytes, 2 * 40 * kPage);
}

TEST(KvMemory, DecilesAreByLength) {
  const engine::ModelConfig config = *engine::named_config("loopcoder-mini", 0);
  std::vector<BlockTokens> blocks;
  for (int32_t i = 20; i > 0; --i) blocks.push_back({.n_tokens = 16 * i, .n_kept = 16});
  const std::vector<DecileRow> rows = deciles(config, blocks);
  ASSERT_EQ(rows.size(), 10u);
  EXPECT_EQ(rows[0].most_tokens, 32);
  EXPECT_EQ(rows[0].bytes, 3 * kPage);
  EXPECT_EQ(rows[9].most_tokens, 320);
  EXPECT_EQ(rows[9].bytes, 39 * kPage);
  EXPECT_EQ(rows[9].released_bytes, 2 * kPage);
}

// The engines that write and read are the product's own.
TEST(KvMemory, WhatWasWrittenComesBackFromDisk) {
  const auto result = bench_kv_memory({.model = RONDO_SOURCE_DIR "/models/loopcoder-mini",
                                       .workspace = RONDO_SOURCE_DIR "/samples/shop",
                                       .device = "cpu",
                                       .composed = {500, 2000},
                                       .n_restored_tokens = 600});
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_GT(result->n_blocks, 5);
  EXPECT_GE(result->rates.n_tokens, 600);
  EXPECT_GT(result->rates.disk_s, 0);
  ASSERT_EQ(result->shapes.size(), 2u);
  EXPECT_LT(result->shapes[0].rows[0].gpu_bytes(), result->shapes[0].rows[1].gpu_bytes());
}

}  // namespace
}  // namespace rondo::bench
