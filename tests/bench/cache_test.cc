#include "bench/cache.h"

#include <gtest/gtest.h>

namespace rondo::bench {
namespace {

TEST(CacheTokens, TellsWhoseTokensWereThere) {
  CacheTokens tokens;
  tokens.add({.n_prompt_tokens = 100,
              .n_cached_tokens = 80,
              .n_adopted_tokens = 48,
              .n_segment_tokens = 200,
              .n_encoded_tokens = 40});
  EXPECT_EQ(tokens.n_tokens, 300);
  EXPECT_EQ(tokens.n_prefix_pages, 48);
  EXPECT_EQ(tokens.n_cursor, 32);
  EXPECT_EQ(tokens.n_segments, 160);
  EXPECT_EQ(tokens.n_computed, 60);
  EXPECT_DOUBLE_EQ(tokens.hit_rate(), 0.8);
  EXPECT_EQ(tokens.n_whole_hits, 0);
  tokens.add({.typed_through = true});
  tokens.add({.n_prompt_tokens = 100, .n_cached_tokens = 98});
  EXPECT_EQ(tokens.n_actions, 3);
  EXPECT_EQ(tokens.n_asked(), 2);
  EXPECT_EQ(tokens.n_tokens, 400);
  EXPECT_EQ(tokens.n_whole_hits, 1);
  EXPECT_EQ(tokens.computed_percentile(0), 2);
  EXPECT_EQ(tokens.computed_percentile(1), 60);
}

std::string shop_file(const std::string& name, const std::string& uses) {
  std::string text = "import " + uses + "\n\n\n";
  for (int i = 0; i < 30; ++i) {
    const std::string number = std::to_string(i);
    text += "def " + name + "_" + number + "(total):\n    discount = " + uses + "." + uses + "_" +
            number + "(total)\n    return total - discount\n\n\n";
  }
  return text;
}

// Two files that use each other; keys are hits, and a second run counts the same.
TEST(CacheBench, CountsEveryTokenOnceAndAgainTheSame) {
  const Repository shop = {.name = "shop",
                           .files = {{"prices.py", shop_file("prices", "taxes"), Group::kPython},
                                     {"taxes.py", shop_file("taxes", "prices"), Group::kPython}}};
  const CacheBenchOptions options = {
      .engine = {.model = RONDO_SOURCE_DIR "/models/loopcoder-mini", .kv_bytes = 64 << 20},
      .context_tokens = 200,
      .n_actions = 10,
      .keys_a_visit = 5};
  const std::vector<assist::ContextMode> modes = {assist::ContextMode::kSegments,
                                                  assist::ContextMode::kPrefix};
  const auto result = bench_cache(shop, modes, options);
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  ASSERT_EQ(result->runs.size(), 2u);
  for (const CacheRun& run : result->runs) {
    const CacheTokens all = run.all();
    EXPECT_EQ(all.n_actions, options.n_actions);
    EXPECT_EQ(all.n_cursor + all.n_prefix_pages + all.n_segments + all.n_computed, all.n_tokens);
    EXPECT_EQ(all.n_segments > 0, run.mode == assist::ContextMode::kSegments);
    const CacheTokens& keys = run.actions[static_cast<int32_t>(CacheAction::kKey)];
    if (keys.n_asked() > 0) {
      EXPECT_GT(keys.hit_rate(), 0.9);
    }
  }
  const auto again = bench_cache(shop, {modes[1]}, options);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->runs[0].all().computed, result->runs[1].all().computed);
  EXPECT_EQ(bench_cache({.name = "empty"}, modes, options).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace rondo::bench
