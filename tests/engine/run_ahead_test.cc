// Steps of decoding that are queued before the last one's tokens are read: nobody's answer shows
// it. The CPU does not run ahead, and the fake GPU has its kernels: what they answer must be equal
// to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <optional>

#include "engine/engine.h"
#include "tests/engine/fake_gpu.h"
#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

using Answer = std::future<Result<Completion>>;

class RunAhead : public testing::Test {
 protected:
  RunAhead() {
    write_tiny_model(folder_, 2);
    cpu_ = load("cpu");
    gpu_ = load("cuda");
  }

  std::unique_ptr<Engine> load(const std::string& device) {
    return Engine::load({.model = folder_.path(),
                         .device = device,
                         .kv_bytes = 8 << 20,
                         .prefill_chunk_tokens = 64})
        .value();
  }

  static Request request(int32_t seed, int32_t max_tokens) {
    Request request;
    for (int32_t i = 0; i < 20 + seed % 7; ++i) request.prompt.push_back(10 + (seed + i * i) % 390);
    request.stop.max_tokens = max_tokens;
    return request;
  }
  static Answer submit(Engine& engine, Request request) {
    auto promise = std::make_shared<std::promise<Result<Completion>>>();
    request.on_done = [promise](Result<Completion> done) { promise->set_value(std::move(done)); };
    engine.submit(std::move(request));
    return promise->get_future();
  }
  // All at once on each device; their answers, which are equal.
  std::vector<Completion> run(const std::vector<Request>& requests) {
    std::vector<Completion> answers[2];
    Engine* engines[2] = {cpu_.get(), gpu_.get()};
    for (int i = 0; i < 2; ++i) {
      std::vector<Answer> coming;
      for (const Request& request : requests) coming.push_back(submit(*engines[i], request));
      for (Answer& answer : coming) answers[i].push_back(answer.get().value());
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(answers[0][i].tokens, answers[1][i].tokens) << i;
      EXPECT_EQ(answers[0][i].logprobs, answers[1][i].logprobs) << i;
      EXPECT_EQ(answers[0][i].text, answers[1][i].text) << i;
      EXPECT_EQ(answers[0][i].stop_reason, answers[1][i].stop_reason) << i;
      EXPECT_EQ(answers[0][i].n_cached_tokens, answers[1][i].n_cached_tokens) << i;
    }
    return answers[1];
  }

  const ScratchFolder folder_;
  std::unique_ptr<Engine> cpu_, gpu_;
};

TEST_F(RunAhead, QueuesAStepBeforeTheLastOneIsRead) {
  const int64_t n_waits = rondo_n_waits_with_more();
  const int64_t n_recordings = rondo_n_recordings();
  EXPECT_EQ(run({request(1, 200)})[0].tokens.size(), 200);
  // All but the first token, which the prefill gives, and the last, behind which nothing comes;
  // and once for the prompt's pass through loop 0, behind which that through loop 1 is queued.
  EXPECT_EQ(rondo_n_waits_with_more() - n_waits, 198 + 1);
  // One for each place that choices come to: a page table that grows moves nothing that was
  // recorded.
  EXPECT_EQ(rondo_n_recordings() - n_recordings, 2);
}

TEST_F(RunAhead, DrawsOnTheDevice) {
  Request drawn = request(1, 40);
  drawn.sampling = {.temperature = 0.9f, .top_k = 50, .top_p = 0.95f, .seed = 11};
  const int64_t n_waits = rondo_n_waits_with_more();
  const Completion first = run({drawn})[0];
  EXPECT_EQ(first.tokens.size(), 40);
  EXPECT_EQ(rondo_n_waits_with_more() - n_waits, 38 + 1);
  EXPECT_NE(first.tokens, run({request(1, 40)})[0].tokens);
  drawn.sampling.seed = 12;
  EXPECT_NE(run({drawn})[0].tokens, first.tokens);
}

TEST_F(RunAhead, BatchesThatChangeAllTheTime) {
  std::vector<Request> requests;
  for (int32_t i = 0; i < 30; ++i) requests.push_back(request(i, 1 + i * 5 % 23));
  for (const int n : {2, 5, 16, 17, 30}) run({requests.begin(), requests.begin() + n});
}

TEST_F(RunAhead, WhoNeedsTheHostKeepsTheOthersCompany) {
  std::vector<Request> requests;
  for (int32_t i = 0; i < 6; ++i) {
    requests.push_back(request(i, 20));
    if (i % 3 == 1) requests.back().sampling = {.temperature = 1.0f, .seed = 7};
    if (i % 3 == 2) requests.back().healing = "re";
    if (i % 3 == 0) requests.back().barred_first = {100 + i, 7};
    if (i % 2 == 1) requests.back().priority = Priority::kBackground;
  }
  run(requests);
}

// Their rows of the next step are computed in vain, and leave no trace in the sequences that the
// next prompts continue.
TEST_F(RunAhead, StopsHalfWayAndGoesOnFromThere) {
  std::vector<Request> requests;
  for (int32_t i = 0; i < 8; ++i) requests.push_back(request(i, 40));
  const std::vector<Completion> whole = run(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].cursor = "test:" + std::to_string(i);
    if (i % 2 == 0) {
      requests[i].stop.tokens = {whole[i].tokens[3 + i]};
    } else {
      requests[i].stop.strings = {whole[i].text.substr(whole[i].text.size() / 2, 4)};
    }
  }
  const std::vector<Completion> stopped = run(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_NE(stopped[i].stop_reason, StopReason::kMaxTokens);
    requests[i].prompt.insert(requests[i].prompt.end(), stopped[i].tokens.begin(),
                              stopped[i].tokens.end());
    requests[i].stop = {.max_tokens = 12};
  }
  for (const Completion& more : run(requests)) EXPECT_GT(more.n_cached_tokens, 15);
}

TEST_F(RunAhead, CancelledRequestsTakeNothingMore) {
  const std::vector<Completion> expected = run({request(1, 60)});
  for (const bool in_company : {false, true}) {
    std::stop_source source;
    int n_pieces = 0;
    Request cancelled = request(2, 60);
    cancelled.cancel = source.get_token();
    cancelled.on_text = [&](std::string_view) {
      if (++n_pieces == 5) source.request_stop();
    };
    std::optional<Answer> other;
    if (in_company) other = submit(*gpu_, request(1, 60));
    EXPECT_EQ(submit(*gpu_, cancelled).get().status().code(), Code::kCancelled);
    EXPECT_EQ(n_pieces, 5);
    if (other) {
      EXPECT_EQ(other->get().value().tokens, expected[0].tokens);
    }
  }
}

}  // namespace
}  // namespace rondo::engine
