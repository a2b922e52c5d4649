// A GPU that fails at any moment, from its first allocation to its last launch: nothing crashes,
// every request is answered, and the next ones run on the CPU.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <random>

#include "engine/engine.h"
#include "tests/engine/fake_gpu.h"
#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

class LostDevice : public testing::Test {
 protected:
  LostDevice() { write_tiny_model(folder_, 2); }
  ~LostDevice() override { rondo_break_at(0); }

  std::unique_ptr<Engine> load(EngineOptions options) {
    options.model = folder_.path();
    options.kv_bytes = 1 << 20;
    options.prefill_chunk_tokens = 64;
    return Engine::load(options).value();
  }
  static std::future<Result<Completion>> submit(Engine& engine, int32_t first_token) {
    Request request = {.prompt = TokenIds(40, first_token)};
    request.stop.max_tokens = 6;
    auto promise = std::make_shared<std::promise<Result<Completion>>>();
    request.on_done = [promise](Result<Completion> done) { promise->set_value(std::move(done)); };
    engine.submit(std::move(request));
    return promise->get_future();
  }
  // The answer, however often it has to be asked for; at most `n_tries` times.
  static Completion ask(Engine& engine, int n_tries) {
    for (int i = 1;; ++i) {
      Result<Completion> done = submit(engine, 100).get();
      if (done.ok()) return std::move(*done);
      EXPECT_EQ(done.status().code(), Code::kUnavailable);
      EXPECT_TRUE(done.status().message().starts_with("fake GPU")) << done.status().message();
      EXPECT_LT(i, n_tries);
      if (i == n_tries) return {};
    }
  }

  const ScratchFolder folder_;
};

TEST_F(LostDevice, TheCpuGoesOnWhicheverOperationFails) {
  const Completion expected = ask(*load({.device = "cpu"}), 1);
  for (int64_t n = 1;; ++n) {
    SCOPED_TRACE(n);
    std::atomic<int> n_lost = 0;
    EngineStats told;
    rondo_break_at(n);
    const auto engine = load({.on_lost_device = [&](const EngineStats& stats) {
      told = stats;
      ++n_lost;
    }});
    const bool was_loaded = rondo_n_left() > 0;
    const Completion completion = ask(*engine, 2);
    EXPECT_EQ(completion.tokens, expected.tokens);
    EXPECT_EQ(completion.logprobs, expected.logprobs);
    if (rondo_n_left() > 0) break;  // all went well
    const EngineStats stats = engine->stats();
    EXPECT_EQ(stats.device, "CPU");
    EXPECT_TRUE(stats.no_gpu.starts_with("fake GPU")) << stats.no_gpu;
    EXPECT_EQ(n_lost, was_loaded ? 1 : 0);
    if (was_loaded) {
      EXPECT_EQ(told.no_gpu, stats.no_gpu);
    }
    if (HasFailure()) break;
  }
}

TEST_F(LostDevice, AllThatRunAndWaitAreAnswered) {
  for (const int64_t n : {1, 60, 150, 400}) {
    const auto engine = load({});
    rondo_break_at(n);
    std::vector<std::future<Result<Completion>>> answers;
    for (int32_t i = 0; i < 40; ++i) answers.push_back(submit(*engine, 100 + i));
    for (auto& answer : answers) {
      const Result<Completion> done = answer.get();
      EXPECT_TRUE(done.ok() || done.status().code() == Code::kUnavailable);
    }
    ask(*engine, 1);
    EXPECT_EQ(engine->stats().device, "CPU");
  }
}

TEST_F(LostDevice, ADeviceThatWasAskedForIsNotReplaced) {
  std::promise<EngineStats> told;
  const auto engine = load({.device = "cuda", .on_lost_device = [&](const EngineStats& stats) {
                              told.set_value(stats);
                            }});
  rondo_break_at(20);
  EXPECT_EQ(submit(*engine, 100).get().status().code(), Code::kUnavailable);
  const EngineStats stats = told.get_future().get();
  EXPECT_EQ(stats.device, "fake GPU");
  EXPECT_NE(stats.no_gpu.find("chosen"), std::string::npos) << stats.no_gpu;
  const Status status = submit(*engine, 100).get().status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_TRUE(status.message().starts_with("fake GPU failed in ")) << status.message();
}

// A copy that failed is none: what comes back later from what was kept is right.
TEST_F(LostDevice, TiersKeepNothingOfADeviceThatFailed) {
  const auto ask_with = [](Engine& engine, int32_t first_token) {
    Request request = {.prompt = TokenIds(40, 100)};
    for (int32_t i = 0; i < 10; ++i) {
      request.segments.push_back(
          {.tokens = std::make_shared<const TokenIds>(TokenIds(60, first_token + i)),
           .origin = std::make_shared<const std::string>("/ws/a.py")});
    }
    request.score = {7, 70, 170};
    std::promise<Result<Completion>> promise;
    request.on_done = [&](Result<Completion> done) { promise.set_value(std::move(done)); };
    engine.submit(std::move(request));
    return promise.get_future().get();
  };
  const ScratchFolder cache;
  const EngineOptions options = {.tiers = {.disk_folder = cache.path() + "/kv",
                                           .host_bytes = 256 << 10,
                                           .always_restore = true}};
  const std::vector<float> expected = ask_with(*load({.device = "cuda"}), 10)->scores;
  std::mt19937 random(3);
  for (int64_t n = 1;; n += 1 + random() % 20) {
    SCOPED_TRACE(n);
    rondo_break_at(n);
    {
      const auto engine = load(options);
      for (int32_t i = 0; i < 9; ++i) {  // more than the pool has room for
        const Result<Completion> done = ask_with(*engine, 10 + i % 8 * 20);
        EXPECT_TRUE(done.ok() || done.status().code() == Code::kUnavailable);
        if (done.ok() && i % 8 == 0) {
          EXPECT_EQ(done->scores, expected);
        }
      }
    }
    const bool all_went_well = rondo_n_left() > 0;
    rondo_break_at(0);
    EXPECT_EQ(ask_with(*load(options), 10)->scores, expected);
    if (all_went_well || HasFailure()) break;
  }
}

}  // namespace
}  // namespace rondo::engine
