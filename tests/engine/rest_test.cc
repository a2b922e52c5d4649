// An engine that nobody asks gives up its memory, and who asks it later cannot tell: answers are
// compared as bits with those of an engine that never rests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "tests/engine/test_devices.h"
#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

using std::chrono::milliseconds;

class RestTest : public testing::Test {
 protected:
  RestTest() { write_tiny_model(folder_, 2); }

  std::unique_ptr<Engine> load(RestTimes rest_after) {
    EngineOptions options = usual_device();
    options.model = folder_.path();
    options.kv_bytes = 4 << 20;
    // One writes into a folder, so who never rests has none.
    if (rest_after.kv.count() + rest_after.model.count() > 0)
      options.tiers = {.disk_folder = cache_.path(), .host_bytes = 4 << 20, .always_restore = true};
    options.rest_after = rest_after;
    options.on_rest = [this](const EngineStats& stats) {
      {
        const std::lock_guard lock(mutex_);
        told_.push_back(stats);
      }
      was_told_.notify_all();
    };
    return Engine::load(options).value();
  }
  // What was told until it was this, from where the last call left off; that is the last of them.
  std::vector<EngineStats> told_until(Rest rest) {
    std::unique_lock lock(mutex_);
    std::vector<EngineStats> seen;
    while (seen.empty() || seen.back().rest != rest) {
      was_told_.wait(lock, [this] { return n_seen_ < told_.size(); });
      seen.push_back(told_[n_seen_++]);
    }
    return seen;
  }
  static Completion ask(Engine& engine, uint32_t first_segment) {
    Request request = {.prompt = TokenIds(30, 77), .cursor = "client:a.py"};
    for (uint32_t i = 0; i < 5; ++i) {
      TokenIds ids(40 + i);
      for (size_t t = 0; t < ids.size(); ++t)
        ids[t] = 10 + static_cast<int32_t>((first_segment + i + t * t) % 380);
      request.segments.push_back({.tokens = std::make_shared<const TokenIds>(std::move(ids)),
                                  .origin = std::make_shared<const std::string>("/ws/a.py")});
    }
    request.segment_deadline = std::chrono::minutes(5);
    request.stop.max_tokens = 8;
    std::promise<Result<Completion>> promise;
    request.on_done = [&](Result<Completion> done) { promise.set_value(std::move(done)); };
    engine.submit(std::move(request));
    return promise.get_future().get().value();
  }
  static void expect_equal(const Completion& a, const Completion& b) {
    EXPECT_EQ(a.tokens, b.tokens);
    EXPECT_EQ(a.logprobs, b.logprobs);
  }

  ScratchFolder folder_, cache_;
  std::mutex mutex_;
  std::condition_variable was_told_;
  std::vector<EngineStats> told_;  // guarded by mutex_
  size_t n_seen_ = 0;              // guarded by mutex_
};

TEST_F(RestTest, GivesAllMemoryBackAndEncodesNothingAgain) {
  const auto awake = load({});
  const auto engine = load({.model = milliseconds(1)});
  told_until(Rest::kModel);
  for (uint32_t i = 0; i < 4; ++i) {
    const Completion answer = ask(*engine, 7 * (i / 2));
    expect_equal(answer, ask(*awake, 7 * (i / 2)));
    const EngineStats resting = told_until(Rest::kModel).back();
    EXPECT_EQ(resting.device_bytes, 0);
    EXPECT_EQ(resting.n_encoded_segments, i < 2 ? 5 : 10) << i;
  }
}

TEST_F(RestTest, AGpuKeepsItsSegmentsInTheHostsMemory) {
  const auto awake = load({});
  const auto engine = load({.kv = milliseconds(1)});
  if (!on_gpu(*engine)) GTEST_SKIP() << "the CPU's KV memory is the host's";
  told_until(Rest::kKv);
  for (int i = 0; i < 4; ++i) {
    expect_equal(ask(*engine, 3), ask(*awake, 3));
    const EngineStats resting = told_until(Rest::kKv).back();
    EXPECT_EQ(resting.kv_bytes, 0);
    const EngineStats stats = awake->stats();
    EXPECT_LE(resting.device_bytes, stats.device_bytes - stats.kv_bytes);
    EXPECT_GE(resting.host.n_segments, 5);
    EXPECT_EQ(resting.n_encoded_segments, 5);
  }
  EXPECT_GE(engine->stats().host.n_restored, 15);
}

TEST_F(RestTest, GoesDownARungAtATime) {
  const auto engine = load({.kv = milliseconds(1), .model = milliseconds(30)});
  told_until(Rest::kModel);
  ask(*engine, 1);
  std::vector<Rest> rungs;
  for (const EngineStats& stats : told_until(Rest::kModel)) rungs.push_back(stats.rest);
  EXPECT_EQ(rungs.back(), Rest::kModel);
  if (on_gpu(*engine)) {
    EXPECT_EQ(rungs[rungs.size() - 2], Rest::kKv);
  }
  EXPECT_EQ(engine->stats().rest, Rest::kModel);
}

// What is to be forgotten while it rests is gone when it is back.
TEST_F(RestTest, ForgetsWhileItRests) {
  const auto engine = load({.model = milliseconds(1)});
  told_until(Rest::kModel);
  ask(*engine, 9);
  told_until(Rest::kModel);
  engine->forget_segments({"/ws/a.py"});
  std::promise<std::vector<std::string>> kept;
  engine->list_origins("/ws/", [&](std::vector<std::string> all) { kept.set_value(all); });
  EXPECT_THAT(kept.get_future().get(), testing::IsEmpty());
}

TEST_F(RestTest, ManyAskAnEngineThatFallsAsleepAllTheTime) {
  const auto awake = load({});
  const auto engine = load({.kv = milliseconds(1), .model = milliseconds(2)});
  const Completion expected = ask(*awake, 2);
  std::vector<std::thread> clients;
  for (int c = 0; c < 3; ++c) {
    clients.emplace_back([&] {
      for (int i = 0; i < 10; ++i) expect_equal(ask(*engine, 2), expected);
    });
  }
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace rondo::engine
