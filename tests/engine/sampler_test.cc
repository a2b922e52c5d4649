#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "engine/stop_matcher.h"

namespace rondo::engine {
namespace {

const std::vector<float> kLogits = {0.0f, 2.0f, 1.0f, 2.0f, -1.0f};

TEST(Sampler, ChoosesAmongAllowedTokens) {
  EXPECT_EQ(sample(kLogits, {}, {}).token, 1);
  EXPECT_EQ(sample(kLogits, {4, 0, 2}, {}).token, 2);
  EXPECT_EQ(sample(kLogits, {3, 1}, {}).token, 1);  // the lowest of equals
  const SamplingOptions options = {.temperature = 1, .seed = 3};
  for (int32_t i = 0; i < 100; ++i)
    EXPECT_NE(sample(kLogits, {4, 0, 2}, draw_of(options, i)).token % 2, 1);
}

TEST(Sampler, LogprobIsOfTheWholeDistribution) {
  double sum = 0;
  for (const float x : kLogits) sum += std::exp(x);
  EXPECT_NEAR(sample(kLogits, {4}, {}).logprob, -1.0 - std::log(sum), 1e-5);
}

TEST(Sampler, DrawsByProbability) {
  std::map<int32_t, int> counts;
  const int n = 20000;
  for (int i = 0; i < n; ++i)
    ++counts[sample(kLogits, {}, draw_of({.temperature = 1, .seed = 3}, i)).token];
  for (int32_t id = 0; id < 5; ++id) {
    const double p = std::exp(log_probability(kLogits, id));
    EXPECT_NEAR(static_cast<double>(counts[id]) / n, p, 5 * std::sqrt(p / n)) << id;
  }
}

// A token's random number depends on the request's seed and the token's place alone.
TEST(Sampler, SeedAndIndexMakeTheDraw) {
  std::set<uint64_t> points;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    for (int32_t i = 0; i < 50; ++i) points.insert(draw_of({.seed = seed}, i).point);
  }
  EXPECT_EQ(points.size(), 2500u);
  EXPECT_EQ(draw_of({.seed = 9}, 4).point, draw_of({.temperature = 1, .seed = 9}, 4).point);
}

TEST(StopMatcher, CutsBeforeTheEarliestStopAcrossPieces) {
  StopMatcher matcher({"\n\n", "END"});
  EXPECT_FALSE(matcher.append("a\n"));
  EXPECT_EQ(matcher.take(false), "a");  // the newline may begin a stop
  EXPECT_FALSE(matcher.append("b E"));
  EXPECT_EQ(matcher.take(false), "\nb ");
  EXPECT_TRUE(matcher.append("ND\n\n"));
  EXPECT_EQ(matcher.text(), "a\nb ");
  EXPECT_EQ(matcher.take(true), "");
}

TEST(StopMatcher, HoldsHalfACharacterBack) {
  StopMatcher matcher({});
  matcher.append("x\xC3");
  EXPECT_EQ(matcher.take(false), "x");
  matcher.append("\xA9\xF0\x9F\x98");
  EXPECT_EQ(matcher.take(false), "\xC3\xA9");
  matcher.append("\x80");
  EXPECT_EQ(matcher.take(false), "\xF0\x9F\x98\x80");
}

TEST(StopMatcher, ShowsAllInTheEnd) {
  StopMatcher matcher({"\n"});
  matcher.append("ab\xE2");
  EXPECT_EQ(matcher.take(false), "ab");
  EXPECT_EQ(matcher.take(true), "\xE2");
}

}  // namespace
}  // namespace rondo::engine
