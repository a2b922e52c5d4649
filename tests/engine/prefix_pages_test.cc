// Prompts that begin alike, asked from outside: who comes second computes the rest only, and gets
// the very answer of an engine that had nothing.
#include "engine/prefix_pages.h"

#include <gtest/gtest.h>

#include <future>
#include <random>

#include "engine/engine.h"
#include "tests/engine/test_devices.h"
#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

constexpr int32_t kChunk = 64;

TokenIds random_ids(int32_t n, uint32_t seed) {
  std::mt19937 random(seed);
  TokenIds ids(n);
  for (int32_t& id : ids) id = std::uniform_int_distribution<int32_t>(20, 399)(random);
  return ids;
}

TokenIds joined(TokenIds a, const TokenIds& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class PrefixPagesTest : public testing::TestWithParam<int> {
 protected:
  PrefixPagesTest() { write_tiny_model(folder_, GetParam()); }

  std::unique_ptr<Engine> load(int64_t kv_bytes = 8 << 20) const {
    EngineOptions options = usual_device();
    options.model = folder_.path();
    options.kv_bytes = kv_bytes;
    options.prefill_chunk_tokens = kChunk;
    options.background_chunk_tokens = kChunk;
    return Engine::load(options).value();
  }
  static Completion run(Engine& engine, const TokenIds& prompt, const std::string& cursor = "") {
    Request request = {.prompt = prompt, .cursor = cursor};
    request.stop.max_tokens = 6;
    std::promise<Result<Completion>> promise;
    request.on_done = [&](Result<Completion> answer) { promise.set_value(std::move(answer)); };
    engine.submit(std::move(request));
    return promise.get_future().get().value();
  }
  void expect_as_if_nothing_was_there(const Completion& answer, const TokenIds& prompt) const {
    const Completion fresh = run(*load(), prompt);
    EXPECT_EQ(fresh.n_cached_tokens, 0);
    EXPECT_EQ(answer.tokens, fresh.tokens);
    EXPECT_EQ(answer.logprobs, fresh.logprobs);
  }

  ScratchFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Loops, PrefixPagesTest, testing::Values(1, 2));

TEST_P(PrefixPagesTest, ASecondClientComputesTheRestOnly) {
  const auto engine = load();
  const TokenIds context = random_ids(200, 1);
  run(*engine, joined(context, random_ids(80, 2)), "first:a.py");
  const TokenIds prompt = joined(context, random_ids(90, 3));
  const Completion second = run(*engine, prompt, "second:a.py");
  EXPECT_EQ(second.n_adopted_tokens, 192);  // whole pages
  EXPECT_EQ(second.n_cached_tokens, 192);
  expect_as_if_nothing_was_there(second, prompt);
}

// Wherever the prompts part and end, also where a fresh prefill would have had a short chunk.
TEST_P(PrefixPagesTest, AnswersAsIfNothingWasThereWhateverTheLengths) {
  const auto engine = load();
  const TokenIds text = random_ids(300, 4);
  run(*engine, text);
  bool adopted = false;
  for (const int32_t n_equal : {16, 63, 64, 65, 100, 127, 128, 140}) {
    for (const int32_t n_more : {1, 5, 16, 17, 33, 64, 80}) {
      const TokenIds prompt = joined(TokenIds(text.begin(), text.begin() + n_equal),
                                     random_ids(n_more, 1000 * n_equal + n_more));
      const Completion answer = run(*engine, prompt);
      adopted |= answer.n_adopted_tokens > 0;
      EXPECT_LE(answer.n_adopted_tokens, n_equal);
      expect_as_if_nothing_was_there(answer, prompt);
    }
  }
  EXPECT_TRUE(adopted);
}

// A cursor goes back behind what others have adopted: it must not write into their pages.
TEST_P(PrefixPagesTest, NobodyWritesIntoAPageThatOthersHave) {
  const auto engine = load();
  const TokenIds text = random_ids(240, 5);
  run(*engine, text, "first:a.py");
  const TokenIds theirs = joined(TokenIds(text.begin(), text.begin() + 150), random_ids(60, 6));
  run(*engine, theirs, "second:a.py");
  for (const int32_t n_equal : {150, 101, 100, 37, 5}) {
    const TokenIds changed =
        joined(TokenIds(text.begin(), text.begin() + n_equal), random_ids(100, 7 + n_equal));
    run(*engine, changed, "first:a.py");
    const TokenIds again = joined(TokenIds(text.begin(), text.begin() + 150), random_ids(40, 8));
    expect_as_if_nothing_was_there(run(*engine, again), again);
    run(*engine, joined(theirs, random_ids(20, n_equal)), "second:a.py");
  }
}

TEST_P(PrefixPagesTest, WhatIsNotUsedMakesRoomAndWhatIsUsedStays) {
  const auto engine = load(1 << 20);
  const TokenIds context = random_ids(200, 9);
  run(*engine, joined(context, random_ids(70, 10)));
  EXPECT_GT(run(*engine, joined(context, random_ids(70, 11))).n_adopted_tokens, 0);
  const int64_t n_pages = engine->stats().n_pages;
  for (int64_t i = 0; i * 200 < 3 * n_pages * kernels::kPageTokens; ++i)
    run(*engine, random_ids(300, 100 + static_cast<uint32_t>(i)));
  EXPECT_LE(engine->stats().n_prefix_pages, n_pages);
  const TokenIds prompt = joined(context, random_ids(70, 12));
  const Completion last = run(*engine, prompt);
  EXPECT_EQ(last.n_adopted_tokens, 192);
  expect_as_if_nothing_was_there(last, prompt);
}

TEST_P(PrefixPagesTest, IsForgottenWithTheSegments) {
  const auto engine = load();
  const TokenIds prompt = random_ids(250, 13);
  run(*engine, prompt);
  EXPECT_GT(run(*engine, prompt).n_adopted_tokens, 0);
  engine->forget_segments({"/ws/secret.py"});
  EXPECT_EQ(run(*engine, prompt).n_cached_tokens, 0);
}

TEST(PrefixPages, AreOfOneModel) {
  const auto device = Device::cpu(kernels::reference_kernels(), 1);
  ModelConfig config;
  config.n_layers = config.n_kv_heads = 1;
  config.head_dim = 4;
  PagePool pool = PagePool::create(config, *device, 1 << 20).value();
  PageList pages(pool);
  ASSERT_TRUE(pages.grow(3));
  const TokenIds tokens = random_ids(48, 14);
  EvictionOrder order(100);
  PrefixPages kept(Hash128{1, 1}, order);
  kept.insert(tokens, pages, 2);
  PrefixPages of_another(Hash128{1, 2}, order);
  EXPECT_EQ(kept.find(tokens), (std::vector<int32_t>{pages[0], pages[1]}));
  EXPECT_TRUE(of_another.find(tokens).empty());
  TokenIds changed = tokens;
  ++changed[20];
  EXPECT_EQ(kept.find(changed).size(), 1u);
  ++changed[3];
  EXPECT_TRUE(kept.find(changed).empty());
}

TEST(PrefixPages, LeavesTheChunkThatItBeginsInToTheSameKernels) {
  EXPECT_EQ(first_slot(0, 500, 64, 16), 0);
  EXPECT_EQ(first_slot(100, 500, 64, 16), 96);
  EXPECT_EQ(first_slot(127, 500, 64, 16), 96);   // 112 would leave 16 rows
  EXPECT_EQ(first_slot(128, 500, 64, 16), 128);  // a chunk begins there
  EXPECT_EQ(first_slot(144, 150, 64, 16), 128);  // 22 rows in all: 5 would be left
  EXPECT_EQ(first_slot(144, 144, 64, 16), 128);  // few rows with or without
  EXPECT_EQ(first_slot(300, 310, 256, 32), 272);
}

}  // namespace
}  // namespace rondo::engine
