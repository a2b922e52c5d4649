#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/stop_matcher.h"

namespace rondo::engine {
namespace {

const std::vector<float> kLogits = {0.0f, 2.0f, 1.0f, 2.0f, -1.0f};

TEST(Sampler, GreedyTakesTheBestAndTheLowestIdAmongEquals) {
  Sampler sampler({});
  EXPECT_EQ(sampler.sample(kLogits, {}).token, 1);
  const std::vector<int32_t> allowed = {4, 0, 2};
  EXPECT_EQ(sampler.sample(kLogits, allowed).token, 2);
}

TEST(Sampler, LogprobIsOfTheWholeDistribution) {
  Sampler sampler({});
  const std::vector<int32_t> allowed = {4};
  double sum = 0;
  for (const float x : kLogits) sum += std::exp(x);
  EXPECT_NEAR(sampler.sample(kLogits, allowed).logprob, -1.0 - std::log(sum), 1e-5);
}

TEST(Sampler, DrawsByProbability) {
  Sampler sampler({.temperature = 1, .seed = 3});
  std::map<int32_t, int> counts;
  const int n = 20000;
  for (int i = 0; i < n; ++i) ++counts[sampler.sample(kLogits, {}).token];
  for (int32_t id = 0; id < 5; ++id) {
    const double p = std::exp(log_probability(kLogits, id));
    EXPECT_NEAR(static_cast<double>(counts[id]) / n, p, 5 * std::sqrt(p / n)) << id;
  }
}

TEST(Sampler, TopKAndTopPCutTheTail) {
  Sampler top_k({.temperature = 1, .top_k = 2, .seed = 1});
  Sampler top_p({.temperature = 1, .top_p = 0.7f, .seed = 1});
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(top_k.sample(kLogits, {}).token % 2, 1);
    EXPECT_EQ(top_p.sample(kLogits, {}).token % 2, 1);
  }
}

TEST(Sampler, SameSeedSameTokens) {
  Sampler a({.temperature = 1, .seed = 9});
  Sampler b({.temperature = 1, .seed = 9});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.sample(kLogits, {}).token, b.sample(kLogits, {}).token);
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
