// choose: the likeliest token, and tokens by chance; and what the weights of drawing.h are worth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/drawing.h"
#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

class Choices : public testing::Test {
 protected:
  virtual const Kernels& table() const = 0;
  // One row's choice for each of `draws`.
  std::vector<Choice> choose(const std::vector<float>& logits, const std::vector<Draw>& draws) {
    const auto n_rows = static_cast<int32_t>(draws.size());
    std::vector<float> rows;
    for (int32_t t = 0; t < n_rows; ++t) rows.insert(rows.end(), logits.begin(), logits.end());
    std::vector<int32_t> ids(n_rows, -1);
    std::vector<Choice> choices(n_rows);
    EXPECT_EQ(table().choose({.logits = rows.data(),
                              .draws = draws.data(),
                              .ids = ids.data(),
                              .choices = choices.data(),
                              .n_rows = n_rows,
                              .n_vocabulary = static_cast<int32_t>(logits.size())},
                             stream_),
              0);
    for (int32_t t = 0; t < n_rows; ++t) EXPECT_EQ(ids[t], choices[t].id);
    return choices;
  }
  void expect_reference(int32_t n_vocabulary);

  ThreadPool threads_{2};
  Stream stream_{&threads_};
};

class Choosing : public Choices, public testing::WithParamInterface<const Kernels*> {
 protected:
  const Kernels& table() const override { return *GetParam(); }
};

// A test for each number of tokens: under a race checker the largest take minutes.
class ChoosingFrom : public Choices,
                     public testing::WithParamInterface<std::tuple<const Kernels*, int32_t>> {
 protected:
  const Kernels& table() const override { return *std::get<0>(GetParam()); }
  static int32_t n_vocabulary() { return std::get<1>(GetParam()); }
};

std::vector<float> normals(int32_t n, float deviation, uint32_t seed) {
  std::vector<float> logits = Random(seed).normals(n);
  for (float& logit : logits) logit *= deviation;
  return logits;
}

double log_sum(const std::vector<float>& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

// Every part of the mass once.
std::vector<Draw> spread(const Draw& draw, int32_t n) {
  std::vector<Draw> draws;
  for (int32_t i = 0; i < n; ++i) {
    draws.push_back(draw);
    draws.back().point = (~uint64_t{0} / static_cast<uint64_t>(n)) * static_cast<uint64_t>(i);
  }
  return draws;
}

// Draws of all kinds, and a row beside them that does not draw.
void Choices::expect_reference(int32_t n_vocabulary) {
  const Kernels& reference = reference_kernels();
  const std::vector<float> logits = normals(n_vocabulary, 4, 17);
  for (const Draw& kind : {Draw{.temperature = 0.6f, .top_p = 0.85f, .top_k = 20},
                           Draw{.temperature = 1}, Draw{.temperature = 2, .top_p = 0.95f},
                           Draw{.temperature = 0.01f}, Draw{.temperature = 1, .top_k = 3000},
                           Draw{.temperature = 1, .top_p = 1, .top_k = 1 << 30}}) {
    std::vector<Draw> draws = spread(kind, n_vocabulary > 100'000 ? 3 : 8);
    draws[1] = Draw();
    const std::vector<Choice> choices = choose(logits, draws);
    for (size_t t = 0; t < draws.size(); ++t) {
      int32_t id = -1;
      Choice expected;
      ASSERT_EQ(reference.choose({.logits = logits.data(),
                                  .draws = &draws[t],
                                  .ids = &id,
                                  .choices = &expected,
                                  .n_rows = 1,
                                  .n_vocabulary = n_vocabulary},
                                 {}),
                0);
      ASSERT_EQ(choices[t].id, expected.id) << n_vocabulary << " tokens, row " << t;
      ASSERT_NEAR(choices[t].log_prob, expected.log_prob, 1e-4);
    }
  }
}

TEST_P(Choosing, TheLikeliestIsTheLowestOfTheLargestAndSaysHowLikelyItIs) {
  for (const int32_t n_vocabulary : {1, 3, 100, 4099, 16384, 76801}) {
    std::vector<float> logits = normals(n_vocabulary, 4, n_vocabulary);
    const int32_t first = 331 % n_vocabulary, second = (first + 2055) % n_vocabulary;
    if (n_vocabulary > 3) logits[(first + 1) % n_vocabulary] = -INFINITY;
    logits[first] = logits[second] = 30;
    for (const Choice& choice : choose(logits, std::vector<Draw>(3))) {
      EXPECT_EQ(choice.id, std::min(first, second)) << n_vocabulary;
      EXPECT_NEAR(choice.log_prob, 30 - log_sum(logits), 1e-5);
    }
  }
}

TEST_P(Choosing, DrawsAsOftenAsATokenIsLikely) {
  const std::vector<float> logits = normals(1000, 3, 5);
  const float temperature = 0.8f;
  constexpr int32_t kDraws = 4096;
  std::map<int32_t, int32_t> counts;
  for (const Choice& choice : choose(logits, spread({.temperature = temperature}, kDraws))) {
    ++counts[choice.id];
    EXPECT_NEAR(choice.log_prob, logits[choice.id] - log_sum(logits), 1e-4);
  }
  std::vector<float> scaled = logits;
  for (float& logit : scaled) logit /= temperature;
  const double all = log_sum(scaled);
  // The points lie evenly, so a token is hit as often as its part of the mass says, to one.
  for (int32_t id = 0; id < std::ssize(logits); ++id)
    EXPECT_NEAR(counts[id], kDraws * std::exp(scaled[id] - all), 1.01) << id;
}

TEST_P(ChoosingFrom, TopKAndTopPKeepTheHead) {
  const int32_t n = n_vocabulary();
  const std::vector<float> logits = normals(n, 3, n);
  std::vector<int32_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
  const auto rank = [&](int32_t id) {
    return std::find(order.begin(), order.end(), id) - order.begin();
  };
  const auto farthest = [&](const Draw& draw) {
    int64_t last = 0;
    for (const Choice& choice : choose(logits, spread(draw, n > 2000 ? 8 : 100)))
      last = std::max<int64_t>(last, rank(choice.id));
    return last;
  };
  EXPECT_EQ(farthest({.temperature = 1, .top_k = 1}), 0);
  EXPECT_EQ(farthest({.temperature = 1, .top_p = 0}), 0);
  EXPECT_EQ(farthest({.temperature = 50, .top_k = 5}), 4);
  EXPECT_LE(farthest({.temperature = 1, .top_k = 40}), 39);
  const double all = log_sum(logits);
  for (const float top_p : {0.5f, 0.9f, 0.99f}) {
    double covered = 0;
    int64_t n_covering = 0;
    while (covered < top_p - 1e-4) covered += std::exp(logits[order[n_covering++]] - all);
    EXPECT_LE(farthest({.temperature = 1, .top_p = top_p}), n_covering + n_covering / 100) << top_p;
  }
}

TEST_P(ChoosingFrom, AgreesWithTheReference) { expect_reference(n_vocabulary()); }

TEST_P(Choosing, AgreesWithTheReferenceOnAFewTokens) {
  for (const int32_t n_vocabulary : {1, 2, 3}) expect_reference(n_vocabulary);
}

TEST_P(ChoosingFrom, ARowDoesNotDependOnItsNeighbours) {
  const std::vector<float> logits = normals(n_vocabulary(), 3, 9);
  std::vector<Draw> draws = spread({.temperature = 1, .top_p = 0.9f, .top_k = 50}, 5);
  draws[2] = Draw();
  const std::vector<Choice> together = choose(logits, draws);
  for (size_t t = 0; t < draws.size(); t += 2) {
    const Choice alone = choose(logits, {draws[t]})[0];
    EXPECT_EQ(alone.id, together[t].id);
    EXPECT_EQ(alone.log_prob, together[t].log_prob);
  }
}

TEST_P(Choosing, EqualLogitsAreEquallyLikely) {
  const std::vector<float> equal(5000, 2.5f);
  std::map<int32_t, int32_t> counts;
  for (const Choice& choice : choose(equal, spread({.temperature = 1, .top_k = 10}, 100)))
    ++counts[choice.id];
  ASSERT_EQ(counts.size(), 10u);
  for (const auto& [id, n] : counts) {
    EXPECT_LT(id, 10);
    EXPECT_NEAR(n, 10, 1);
  }
  counts.clear();
  for (const Choice& choice : choose(equal, spread({.temperature = 1, .top_p = 0.00199f}, 100)))
    ++counts[choice.id];
  EXPECT_EQ(counts.size(), 10u);
}

TEST_P(Choosing, TakesLogitsThatAreNoNumbers) {
  const Draw draw = {.temperature = 1, .top_p = 0.9f, .top_k = 3, .point = ~uint64_t{0} / 2};
  EXPECT_EQ(choose({NAN, -INFINITY, 1, NAN}, {draw})[0].id, 2);
  EXPECT_EQ(choose({-INFINITY, -INFINITY}, {draw})[0].id, 0);
  const int32_t id = choose({1e30f, -1e30f, 1e30f}, {draw})[0].id;
  EXPECT_TRUE(id == 0 || id == 2) << id;
}

TEST(Drawing, WeightsAreProbabilities) {
  EXPECT_EQ(drawing_weight(0), 1u << 31);
  EXPECT_EQ(drawing_weight(kNoKey), 0u);
  uint32_t last = 1u << 31;
  for (uint32_t key = 0; key < 1u << kKeyBits; key += 12'345) {
    const double exact = std::exp2(31 - key / 16777216.0);
    ASSERT_NEAR(drawing_weight(key), exact, 0.51 + 7.7e-9 * exact) << key;
    ASSERT_LE(drawing_weight(key), last) << key;
    last = drawing_weight(key);
  }
  EXPECT_EQ(drawing_weight((1u << kKeyBits) - 1), 1u) << "what has a key can be drawn";
}

TEST(Drawing, OnlyTheLargestHasTheFirstKey) {
  const float octaves = octaves_per_unit(1e4f);
  EXPECT_EQ(drawing_key(3, 3, octaves), 0u);
  EXPECT_EQ(drawing_key(std::nextafter(3.0f, 0.0f), 3, octaves), 1u);
  EXPECT_EQ(drawing_key(-INFINITY, 3, octaves), kNoKey);
  EXPECT_EQ(drawing_key(NAN, 3, octaves), kNoKey);
}

INSTANTIATE_TEST_SUITE_P(Tables, Choosing, testing::ValuesIn(runnable_tables()),
                         [](const auto& info) { return table_name(info.param); });
INSTANTIATE_TEST_SUITE_P(Tables, ChoosingFrom,
                         testing::Combine(testing::ValuesIn(runnable_tables()),
                                          testing::Values(7, 1000, 16384, 32769, 151'936)),
                         [](const auto& info) {
                           return table_name(std::get<0>(info.param)) +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace rondo::kernels
