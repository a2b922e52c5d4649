// The two loops end to end on a tiny random model whose gate lets the window through (bias -3):
// prefill in chunks, the trapezoid, truncation and the order of Segments must not change what comes
// out.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/engine/model_harness.h"
#include "tests/engine/test_devices.h"

namespace rondo::engine {
namespace {

const std::string kTinyLoop = RONDO_SOURCE_DIR "/tests/golden/tiny-loop/bf16";

TokenIds random_ids(const ModelConfig& config, int32_t n, uint32_t seed) {
  std::mt19937 random(seed);
  TokenIds ids(n);
  for (int32_t& id : ids)
    id = std::uniform_int_distribution<int32_t>(20, config.vocab_size - 1)(random);
  return ids;
}

std::vector<float> last_row(const std::vector<float>& logits, int32_t vocab_size) {
  return {logits.end() - vocab_size, logits.end()};
}

double max_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(double(a[i]) - b[i]));
  return worst;
}

class Loop : public testing::Test {
 protected:
  ModelHarness harness_{kTinyLoop, exact_device()};
  const TokenIds prompt_ = random_ids(harness_.config(), 150, 1);
  const int32_t n_ = 150;
  const int32_t v_ = harness_.config().vocab_size;

  std::vector<float> all_at_once(const TokenIds& prompt) {
    ModelHarness fresh(kTinyLoop, exact_device(), 1024);
    auto sequence = fresh.sequence();
    return last_row(fresh.prefill(*sequence, prompt, 0), v_);
  }
};

TEST_F(Loop, TheWindowMatters) {
  // Else none of the tests below could fail.
  TokenIds changed = prompt_;
  changed[n_ - 4] = changed[n_ - 4] == 30 ? 31 : 30;
  EXPECT_GT(max_difference(all_at_once(prompt_), all_at_once(changed)), 1e-3);
}

TEST_F(Loop, ChunksDoNotChangeTheAnswer) {
  const auto expected = all_at_once(prompt_);
  for (const int32_t chunk : {1, 7, 16, 64, 149, 150}) {
    harness_.set_chunk_tokens(chunk);
    auto sequence = harness_.sequence();
    EXPECT_LE(max_difference(last_row(harness_.prefill(*sequence, prompt_, 0), v_), expected),
              exact_tolerance())
        << chunk;
  }
}

TEST_F(Loop, TheTrapezoidIsExact) {
  const auto expected = all_at_once(prompt_);
  for (const int32_t chunk : {1, 16, 64, 1024}) {
    harness_.set_chunk_tokens(chunk);
    auto sequence = harness_.sequence();
    EXPECT_LE(max_difference(harness_.prefill(*sequence, prompt_, n_ - 1), expected),
              exact_tolerance())
        << chunk;
  }
}

// Of both loops whole: logits, and the keys and values of loop 1 that what follows will read.
TEST_F(Loop, TheTrapezoidEqualsBothLoopsWhole) {
  const int32_t first_kept = n_ - (harness_.config().loop_window - 1) - kTruncationMargin;
  for (const int32_t chunk : {16, 64, 1024}) {
    harness_.set_chunk_tokens(chunk);
    auto narrow = harness_.sequence();
    auto whole = harness_.sequence();
    EXPECT_LE(max_difference(harness_.prefill(*narrow, prompt_, n_ - 1),
                             harness_.prefill(*whole, prompt_, n_ - 1, nullptr, Loop1Rows::kAll)),
              exact_tolerance())
        << chunk;
    for (int32_t slot = first_kept; slot < n_; ++slot) {
      const auto values = harness_.window_values(*whole, slot);
      EXPECT_GT(max_difference(values, std::vector<float>(values.size())), 1e-3);
      EXPECT_LE(max_difference(harness_.window_values(*narrow, slot), values), exact_tolerance())
          << chunk << ", slot " << slot;
    }
  }
}

TEST_F(Loop, BothLoopsWholeGoOnAndKeepAWindowAlone) {
  const TokenIds prompt = random_ids(harness_.config(), 400, 3);
  harness_.set_chunk_tokens(32);
  auto sequence = harness_.sequence();
  for (const int32_t n : {150, 400}) {
    const TokenIds beginning(prompt.begin(), prompt.begin() + n);
    int32_t n_cached = 0;
    const auto logits = harness_.prefill(*sequence, beginning, n - 1, &n_cached, Loop1Rows::kAll);
    EXPECT_LE(max_difference(logits, all_at_once(beginning)), exact_tolerance());
    EXPECT_EQ(n_cached, n == 150 ? 0 : 150);
  }
  const int32_t n_used = harness_.pages().n_pages() - harness_.pages().n_free();
  EXPECT_LE(n_used, pages_for(400) + pages_for(8 + 32 + 32) + 2);
}

TEST_F(Loop, OnlyTheTrapezoidHasWindowPages) {
  const TokenIds prompt = random_ids(harness_.config(), 1000, 3);
  auto sequence = harness_.sequence();
  harness_.prefill(*sequence, prompt, 999);
  const auto n_window = static_cast<int32_t>(trapezoid_tokens(harness_.config(), 1, 32));
  ASSERT_LT(n_window, 500);
  const int32_t n_used = harness_.pages().n_pages() - harness_.pages().n_free();
  EXPECT_LE(n_used, pages_for(1000) + pages_for(n_window) + 1);
  EXPECT_GE(n_used, pages_for(1000) + pages_for(harness_.config().loop_window));
}

TEST_F(Loop, DecodingContinuesThePrefill) {
  auto sequence = harness_.sequence();
  harness_.prefill(*sequence, TokenIds(prompt_.begin(), prompt_.begin() + 100), 99);
  std::vector<float> logits;
  for (int32_t i = 100; i < n_; ++i) logits = harness_.decode(*sequence, prompt_[i]);
  EXPECT_LE(max_difference(logits, all_at_once(prompt_)), exact_tolerance());
}

// What an editor does: the end of the prompt changes again and again, sometimes by little,
// sometimes by much.
TEST_F(Loop, TruncationAndGrowthEqualAFreshPrefill) {
  std::mt19937 random(5);
  auto sequence = harness_.sequence();
  TokenIds prompt = prompt_;
  bool cached = false;
  bool rewound = false;
  for (int round = 0; round < 60; ++round) {
    const int32_t keep = std::max<int32_t>(
        1, static_cast<int32_t>(prompt.size()) -
               std::uniform_int_distribution<int32_t>(0, round % 3 == 0 ? 90 : 6)(random));
    prompt.resize(keep);
    const auto more = random_ids(
        harness_.config(), std::uniform_int_distribution<int32_t>(1, 40)(random), 100 + round);
    prompt.insert(prompt.end(), more.begin(), more.end());
    if (prompt.size() > 220) prompt.resize(180);
    const int32_t n_matching = sequence->n_matching(prompt);
    int32_t n_cached = 0;
    const auto logits =
        harness_.prefill(*sequence, prompt, static_cast<int32_t>(prompt.size()) - 1, &n_cached);
    ASSERT_LE(max_difference(logits, all_at_once(prompt)), exact_tolerance()) << "round " << round;
    cached |= n_cached > 0 && n_cached == std::min<int32_t>(n_matching, prompt.size() - 1);
    rewound |= n_cached < std::min<int32_t>(n_matching, prompt.size() - 1);
    for (int i = 0; i < 5; ++i) harness_.decode(*sequence, 40 + i);
    sequence->trim(harness_.config().loop_window + 16);
  }
  EXPECT_TRUE(cached);
  EXPECT_TRUE(rewound);
}

TEST_F(Loop, AnAbandonedPrefillLeavesATrueSequence) {
  for (const int32_t n_steps : {1, 2, 4, 6}) {
    auto sequence = harness_.sequence();
    harness_.set_chunk_tokens(32);
    harness_.prefill(*sequence, TokenIds(prompt_.begin(), prompt_.begin() + 40), 39);
    harness_.abandon(*sequence, prompt_, n_steps);
    EXPECT_LE(max_difference(harness_.prefill(*sequence, prompt_, n_ - 1), all_at_once(prompt_)),
              exact_tolerance())
        << n_steps;
  }
}

std::vector<SegmentInput> some_segments(const ModelConfig& config) {
  std::vector<SegmentInput> segments;
  for (const int32_t n : {5, 40, 17}) {
    TokenIds ids = random_ids(config, n, 200 + n);
    ids.front() = config.segment->block_token;
    ids.insert(ids.end(), config.segment->anchors_per_segment, config.segment->anchor_token);
    segments.push_back({.tokens = std::make_shared<const TokenIds>(std::move(ids))});
  }
  segments.push_back(segments[1]);
  segments.back().n_released_head = 6;
  return segments;
}

TEST_F(Loop, SegmentsInAnyOrderAreBitEqual) {
  auto segments = some_segments(harness_.config());
  auto sequence = harness_.sequence(segments);
  const auto expected = harness_.prefill(*sequence, prompt_, n_ - 1);
  auto without = harness_.sequence();
  EXPECT_GT(max_difference(harness_.prefill(*without, prompt_, n_ - 1), expected), 1e-3);
  do {
    ModelHarness fresh(kTinyLoop, exact_device());
    auto other = fresh.sequence(segments);
    EXPECT_EQ(fresh.prefill(*other, prompt_, n_ - 1), expected);
  } while (
      std::next_permutation(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
        return std::tie(*a.tokens, a.n_released_head) < std::tie(*b.tokens, b.n_released_head);
      }));
}

// The one that is there may end before, within or behind what is the same, or be the longer one.
TEST_F(Loop, AnEditedSegmentCopiesItsBeginningAndIsBitEqual) {
  const TokenIds before = random_ids(harness_.config(), 90, 7);
  const auto input = [](TokenIds ids) {
    return SegmentInput{.tokens = std::make_shared<const TokenIds>(std::move(ids))};
  };
  const auto logits_with = [&](ModelHarness& harness, const SegmentInput& segment) {
    auto sequence = harness.sequence({segment});
    return harness.prefill(*sequence, prompt_, n_ - 1);
  };
  for (const int32_t n_equal : {0, 15, 16, 40, 89}) {
    for (const int32_t n_tokens : {n_equal + 1, 70, 100}) {
      if (n_tokens <= n_equal) continue;
      TokenIds after(before.begin(), before.begin() + n_equal);
      const TokenIds end = random_ids(harness_.config(), n_tokens - n_equal, 8 + n_equal);
      after.insert(after.end(), end.begin(), end.end());
      ModelHarness fresh(kTinyLoop, exact_device());
      ModelHarness edited(kTinyLoop, exact_device());
      edited.encode(input(before));
      EXPECT_EQ(logits_with(edited, input(after)), logits_with(fresh, input(after)))
          << n_equal << " of " << n_tokens;
      const int32_t n_copied = n_equal < 16 ? 0 : n_equal;
      EXPECT_EQ(fresh.n_encoded_tokens(), n_tokens);
      EXPECT_EQ(edited.n_encoded_tokens(), 90 + n_tokens - n_copied);
    }
  }
}

// Of three, the second is too long for the time that is left; the first goes on, though it is too
// long by now.
TEST_F(Loop, ASegmentThatWouldNotBeWholeInTimeIsNotBegun) {
  std::vector<SegmentInput> inputs;
  for (const int32_t n_tokens : {60, 50, 20}) {
    inputs.push_back({.tokens = std::make_shared<const TokenIds>(
                          random_ids(harness_.config(), n_tokens, 30 + n_tokens))});
  }
  SegmentEncoder encoder = harness_.encoder();
  for (const SegmentInput& input : inputs) EXPECT_TRUE(encoder.add(input));
  encoder.leave_out_beyond(80);
  EXPECT_TRUE(encoder.step(40).empty());
  encoder.leave_out_beyond(10);
  std::vector<std::shared_ptr<const Segment>> complete = encoder.step(40);
  EXPECT_TRUE(encoder.idle());
  ASSERT_EQ(complete.size(), 1u);
  EXPECT_EQ(*complete[0]->tokens, *inputs[0].tokens);
  EXPECT_EQ(encoder.n_computed(), 60);
}

TEST_F(Loop, PagesAllComeBack) {
  {
    auto sequence = harness_.sequence(some_segments(harness_.config()));
    harness_.prefill(*sequence, prompt_, n_ - 1);
    sequence->trim(16);
  }
  harness_.store().clear();
  EXPECT_EQ(harness_.pages().n_free(), harness_.pages().n_pages());
}

}  // namespace
}  // namespace rondo::engine
