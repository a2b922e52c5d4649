// Chunks of prefill and steps of decoding in two lanes of a GPU (engine/chunk_lane.h): whichever
// lane gets on, however late, answers are those of one request alone on the CPU, which has one
// lane. The fake GPU has its kernels, so they are equal to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <random>

#include "engine/engine.h"
#include "tests/engine/fake_gpu.h"
#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

using Answer = std::future<Result<Completion>>;

// Seeds for rondo_let_chance_run; first as late as may be.
constexpr uint32_t kPaces[] = {0, 1, 2, 3, 4, 5};

class SideBySide : public testing::Test {
 protected:
  SideBySide() {
    write_tiny_model(folder_, 2);
    cpu_ = load("cpu");
    gpu_ = load("cuda");
  }
  ~SideBySide() override {
    rondo_break_at(0);
    rondo_let_chance_run(0);
  }

  std::unique_ptr<Engine> load(const std::string& device) {
    return Engine::load({.model = folder_.path(),
                         .device = device,
                         .kv_bytes = 4 << 20,
                         .prefill_chunk_tokens = 32,
                         .background_chunk_tokens = 32})
        .value();
  }
  static TokenIds ids(int32_t n, uint32_t seed) {
    std::mt19937 random(seed);
    TokenIds ids(static_cast<size_t>(n));
    for (int32_t& id : ids) id = 10 + static_cast<int32_t>(random() % 390);
    return ids;
  }
  static Request request(int32_t n_prompt, int32_t max_tokens, uint32_t seed) {
    Request request = {.prompt = ids(n_prompt, seed)};
    request.stop.max_tokens = max_tokens;
    return request;
  }
  static SegmentInput segment(int32_t n_tokens, uint32_t seed) {
    return {.tokens = std::make_shared<const TokenIds>(ids(n_tokens, seed))};
  }
  static Answer submit(Engine& engine, Request request) {
    auto promise = std::make_shared<std::promise<Result<Completion>>>();
    request.on_done = [promise](Result<Completion> done) { promise->set_value(std::move(done)); };
    engine.submit(std::move(request));
    return promise->get_future();
  }
  // Its answer when it is alone, on the CPU.
  Completion alone(Request request) {
    request.on_text = nullptr;
    request.cursor.clear();
    return submit(*cpu_, std::move(request)).get().value();
  }
  static void expect_equal(const Completion& got, const Completion& want) {
    EXPECT_EQ(got.tokens, want.tokens);
    EXPECT_EQ(got.logprobs, want.logprobs);
  }
  // Calls `event` once, with the `n`-th piece of the request's text.
  template <class Event>
  static void at_piece(Request& request, int n, Event event) {
    request.on_text = [n, n_pieces = 0, event](std::string_view) mutable {
      if (++n_pieces == n) event();
    };
  }

  const ScratchFolder folder_;
  std::unique_ptr<Engine> cpu_, gpu_;
};

// Nobody waits for the lane of chunks here, so it stands still while others decode.
TEST_F(SideBySide, StepsDoNotWaitForAnothersPrompt) {
  std::atomic<bool> was_prefilled = false;
  Request later = request(150, 3, 2);
  at_piece(later, 1, [&] { was_prefilled = true; });
  Request decodes = request(20, 100, 1);
  std::optional<Answer> other;
  at_piece(decodes, 5, [&] { other = submit(*gpu_, later); });
  bool was_first = false;
  std::promise<void> answered;
  decodes.on_done = [&](const Result<Completion>&) {
    was_first = !was_prefilled;
    answered.set_value();
  };
  gpu_->submit(decodes);
  answered.get_future().wait();
  EXPECT_TRUE(was_first);
  expect_equal(other->get().value(), alone(later));
}

// Of all kinds, 1, 3, 17 and 33 at once, the second half of them when the first are at work.
TEST_F(SideBySide, NobodysAnswerShowsTheOthersOrThePace) {
  std::vector<Request> requests;
  std::vector<Completion> expected;
  for (uint32_t i = 0; i < 33; ++i) {
    Request& next = requests.emplace_back(request(2 + i * i * 7 % 130, 2 + i * 5 % 23, i));
    if (i % 3 == 0) next.segments = {segment(10 + i % 4 * 25, i % 4), segment(60, 7)};
    if (i % 4 == 1) next.sampling = {.temperature = 1.0f, .seed = i};
    if (i % 5 == 2) next.healing = "re";
    if (i % 7 == 6) next.priority = Priority::kBackground;
    expected.push_back(alone(next));
    if (i % 2 == 0) next.cursor = "test:" + std::to_string(i);
  }
  for (const uint32_t pace : kPaces) {
    rondo_let_chance_run(pace);
    const auto gpu = load("cuda");  // whose Segments are not encoded
    for (const size_t n : {1, 3, 17, 33}) {
      SCOPED_TRACE(std::to_string(n) + " at pace " + std::to_string(pace));
      std::vector<Answer> coming;
      for (size_t i = 0; i < n; ++i) {
        if (i == n / 2 && n > 1) coming[0].wait();
        coming.push_back(submit(*gpu, requests[i]));
      }
      for (size_t i = 0; i < n; ++i) expect_equal(coming[i].get().value(), expected[i]);
    }
  }
}

// Its step is queued when it is cancelled. What comes next gets its pages, the last ones that were
// given back, and fills them while that step has not run.
TEST_F(SideBySide, AChunkGetsThePagesOfACancelledStep) {
  const Request next = request(150, 20, 3);
  const Request stays = request(30, 120, 4);
  const Completion expected = alone(next), of_other = alone(stays);
  for (const uint32_t pace : kPaces) {
    for (const bool in_company : {false, true}) {
      for (int n_pieces = 3; n_pieces < 20; n_pieces += 4) {
        SCOPED_TRACE(std::to_string(n_pieces) + " pieces at pace " + std::to_string(pace));
        rondo_let_chance_run(pace);
        std::optional<Answer> other;
        if (in_company) other = submit(*gpu_, stays);
        std::stop_source source;
        std::optional<Answer> coming;
        Request cancelled = request(40, 60, 2);
        cancelled.cancel = source.get_token();
        at_piece(cancelled, n_pieces, [&] {
          source.request_stop();
          coming = submit(*gpu_, next);
        });
        EXPECT_EQ(submit(*gpu_, cancelled).get().status().code(), Code::kCancelled);
        expect_equal(coming->get().value(), expected);
        if (other) expect_equal(other->get().value(), of_other);
      }
    }
  }
}

// The row that an ended sequence has in the step behind its last comes to the slot that the next
// prompt of the cursor fills.
TEST_F(SideBySide, APromptContinuesWhatHasJustEnded) {
  const Completion whole = alone(request(40, 40, 2));
  for (const uint32_t pace : kPaces) {
    for (size_t n_tokens = 20; n_tokens < 38; n_tokens += 3) {
      SCOPED_TRACE(std::to_string(n_tokens) + " tokens at pace " + std::to_string(pace));
      rondo_let_chance_run(pace);
      Request first = request(40, 40, 2);
      first.stop.tokens = {whole.tokens[n_tokens]};
      first.cursor = "test:" + std::to_string(pace) + std::to_string(n_tokens);
      Request second = first;
      const Completion ended = submit(*gpu_, first).get().value();
      second.stop.tokens.clear();
      second.prompt.insert(second.prompt.end(), ended.tokens.begin(), ended.tokens.end());
      for (const int32_t id : ids(20, 9)) second.prompt.push_back(id);
      const Completion continued = submit(*gpu_, second).get().value();
      EXPECT_GE(continued.n_cached_tokens, 40);
      expect_equal(continued, alone(second));
    }
  }
}

TEST_F(SideBySide, SegmentsAreComposedAsSoonAsTheyAreEncoded) {
  const Request decodes = request(20, 120, 1);
  const Completion of_other = alone(decodes);
  for (const uint32_t pace : kPaces) {
    SCOPED_TRACE(pace);
    rondo_let_chance_run(pace);
    std::vector<Request> composing;
    for (uint32_t i = 0; i < 6; ++i) {
      Request& next = composing.emplace_back(request(30 + 9 * static_cast<int32_t>(i), 15, 20 + i));
      next.segments = {segment(90, 50 * pace + i / 2), segment(33, 50 * pace + 30 + i % 2)};
      next.segments[1].n_released_head = i % 3 == 0 ? 5 : 0;
      if (i == 5) next.priority = Priority::kBackground;
    }
    Answer other;
    std::vector<Answer> coming;
    Request first = decodes;
    std::promise<void> all_sent;
    at_piece(first, 3, [&] {
      for (const Request& next : composing) coming.push_back(submit(*gpu_, next));
      all_sent.set_value();
    });
    other = submit(*gpu_, first);
    all_sent.get_future().wait();
    for (size_t i = 0; i < composing.size(); ++i)
      expect_equal(coming[i].get().value(), alone(composing[i]));
    expect_equal(other.get().value(), of_other);
  }
}

TEST_F(SideBySide, AGpuThatIsLostInEitherLaneFailsAll) {
  const std::vector<Request> requests = {request(20, 40, 1), request(140, 10, 2),
                                         request(60, 25, 3)};
  std::vector<Completion> expected;
  for (const Request& each : requests) expected.push_back(alone(each));
  for (const uint32_t pace : {0, 1, 2}) {
    for (int64_t n = 1; n < 700; n += 13) {
      SCOPED_TRACE(std::to_string(n) + " at pace " + std::to_string(pace));
      rondo_let_chance_run(pace);
      rondo_break_at(0);
      const auto gpu = load("");
      ASSERT_EQ(gpu->stats().device, "fake GPU");
      rondo_break_at(n);
      std::vector<Answer> coming;
      for (const Request& each : requests) coming.push_back(submit(*gpu, each));
      for (size_t i = 0; i < requests.size(); ++i) {
        const Result<Completion> done = coming[i].get();
        if (done.ok()) {
          expect_equal(*done, expected[i]);
        } else {
          EXPECT_EQ(done.status().code(), Code::kUnavailable);
        }
      }
      if (rondo_n_left() > 0) break;  // all went well
      expect_equal(submit(*gpu, requests[0]).get().value(), expected[0]);
      EXPECT_EQ(gpu->stats().device, "CPU");
    }
  }
}

TEST_F(SideBySide, AnEngineGoesWhileBothLanesAreAtWork) {
  for (const uint32_t pace : kPaces) {
    for (int n_pieces = 1; n_pieces < 12; ++n_pieces) {
      rondo_let_chance_run(pace);
      auto gpu = load("cuda");
      std::vector<Answer> coming;
      std::promise<void> at_work;
      Request decodes = request(20, 100, 1);
      at_piece(decodes, n_pieces, [&] { at_work.set_value(); });
      coming.push_back(submit(*gpu, decodes));
      for (uint32_t i = 2; i < 6; ++i) coming.push_back(submit(*gpu, request(150, 20, i)));
      at_work.get_future().wait();
      gpu.reset();
      for (Answer& answer : coming) {
        const Result<Completion> done = answer.get();
        EXPECT_TRUE(done.ok() || done.status().code() == Code::kCancelled);
      }
    }
  }
}

}  // namespace
}  // namespace rondo::engine
