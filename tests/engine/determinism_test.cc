// The same request gives the same tokens with the same probabilities, to the bit, whatever else
// runs: prefills and steps of decoding of 1, 3, 17 and 33 requests at once, in several orders of
// arrival, against each request alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <map>
#include <numeric>
#include <random>

#include "engine/engine.h"
#include "tests/engine/test_devices.h"

namespace rondo::engine {
namespace {

constexpr int kMostRequests = 33;

TokenIds random_ids(std::mt19937& random, int32_t n, int32_t vocab_size) {
  TokenIds ids(static_cast<size_t>(n));
  for (int32_t& id : ids) id = 20 + static_cast<int32_t>(random() % (vocab_size - 20));
  return ids;
}

// Of all kinds: short and long prompts, with and without Segments, some of which they share;
// greedy, drawn, and with a word to heal.
std::vector<Request> requests_for(const ModelConfig& config) {
  std::mt19937 random(5);
  std::vector<SegmentInput> segments;
  for (const int32_t n : {5, 17, 40, 90}) {
    segments.push_back(
        {std::make_shared<const TokenIds>(random_ids(random, n, config.vocab_size))});
  }
  std::vector<Request> requests(kMostRequests);
  for (int i = 0; i < kMostRequests; ++i) {
    Request& request = requests[static_cast<size_t>(i)];
    request.prompt = random_ids(random, 2 + i * i * 7 % 110, config.vocab_size);
    request.stop.max_tokens = 2 + i % 9;
    if (i % 4 == 1) request.sampling = {.temperature = 0.8f, .top_p = 0.9f, .seed = random()};
    if (i % 5 == 2) request.healing = " re";
    if (i % 3 == 0 && config.segment) {
      request.segments = {segments[i % 4], segments[(i + 1) % 4]};
    }
    if (i % 7 == 6) request.priority = Priority::kBackground;
  }
  return requests;
}

std::future<Completion> submit(Engine& engine, Request request) {
  auto promise = std::make_shared<std::promise<Completion>>();
  request.on_done = [promise](Result<Completion> done) {
    promise->set_value(std::move(done).value());
  };
  engine.submit(std::move(request));
  return promise->get_future();
}

void check_on(EngineOptions options) {
  options.model = RONDO_SOURCE_DIR "/models/loopcoder-mini";
  options.kv_bytes = 256 << 20;
  Result<std::unique_ptr<Engine>> alone = Engine::load(options);
  if (!alone.ok()) {
    std::printf("%s\n", alone.status().message().c_str());
    return;
  }
  SCOPED_TRACE((*alone)->stats().device + ", " + (*alone)->stats().kernels);
  const std::vector<Request> requests = requests_for((*alone)->config());
  std::vector<Completion> expected;
  for (const Request& request : requests) expected.push_back(submit(**alone, request).get());
  alone->reset();

  for (const int n : {1, 3, 17, kMostRequests}) {
    // Anew, so that Segments are encoded side by side too.
    const auto engine = Engine::load(options).value();
    for (const uint32_t seed : {1, 2, 3}) {
      std::vector<int> order(kMostRequests);
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), std::mt19937(seed));
      order.resize(static_cast<size_t>(n));
      std::map<int, std::future<Completion>> coming;
      for (const int i : order) {
        coming[i] = submit(*engine, requests[static_cast<size_t>(i)]);
        // Once, the second half comes while the first is at work.
        if (seed == 3 && static_cast<int>(coming.size()) == n / 2) coming[order[0]].wait();
      }
      for (auto& [i, answer] : coming) {
        const Completion got = answer.get();
        const Completion& want = expected[static_cast<size_t>(i)];
        EXPECT_EQ(got.tokens, want.tokens) << i << " of " << n << ", order " << seed;
        EXPECT_EQ(got.logprobs, want.logprobs) << i << " of " << n << ", order " << seed;
      }
    }
  }
}

TEST(Determinism, NoAnswerDependsOnTheOthers) {
  for (const EngineOptions& options : compared_devices()) check_on(options);
}

}  // namespace
}  // namespace rondo::engine
