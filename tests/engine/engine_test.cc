// The engine from outside: requests in, answers out, from several threads.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <limits>
#include <random>
#include <thread>

#include "tests/engine/test_devices.h"

namespace rondo::engine {
namespace {

const std::string kModel = RONDO_SOURCE_DIR "/models/loopcoder-mini";

class EngineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    EngineOptions options = usual_device();
    options.model = kModel;
    options.kv_bytes = 96 << 20;
    engine_ = Engine::load(options).value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  static std::future<Result<Completion>> submit(Request request) {
    auto promise = std::make_shared<std::promise<Result<Completion>>>();
    request.on_done = [promise](Result<Completion> completion) {
      promise->set_value(std::move(completion));
    };
    engine_->submit(std::move(request));
    return promise->get_future();
  }
  static Completion run(Request request) { return submit(std::move(request)).get().value(); }

  static Request prompt(const std::string& prefix, const std::string& suffix = "\n") {
    const FimConfig& fim = *engine_->config().fim;
    const Tokenizer& tokenizer = engine_->tokenizer();
    Request request;
    const auto append = [&](const TokenIds& ids) {
      request.prompt.insert(request.prompt.end(), ids.begin(), ids.end());
    };
    append({fim.suffix_token});
    append(tokenizer.encode(suffix));
    append({fim.prefix_token, *fim.file_sep_token});
    append(tokenizer.encode("a.py\n"));
    append(tokenizer.encode(prefix));
    append({*fim.middle_token});
    request.stop = {.max_tokens = 12, .strings = {"\n"}};
    return request;
  }

  static SegmentInput segment(const std::string& text) {
    const SegmentConfig& config = *engine_->config().segment;
    TokenIds ids = {config.block_token};
    const TokenIds more = engine_->tokenizer().encode("lib.py\n" + text);
    ids.insert(ids.end(), more.begin(), more.end());
    ids.insert(ids.end(), config.anchors_per_segment, config.anchor_token);
    return {.tokens = std::make_shared<const TokenIds>(std::move(ids))};
  }

  static std::unique_ptr<Engine> engine_;
};

std::unique_ptr<Engine> EngineTest::engine_;

const std::string kPrefix =
    "def mean(values):\n    total = 0\n    for v in values:\n        total += ";

TEST_F(EngineTest, StreamsWhatItAnswers) {
  Request request = prompt(kPrefix);
  std::string streamed;
  request.on_text = [&](std::string_view text) { streamed += text; };
  const Completion completion = run(std::move(request));
  EXPECT_FALSE(completion.text.empty());
  EXPECT_EQ(streamed, completion.text);
  EXPECT_EQ(completion.tokens.size(), completion.logprobs.size());
}

// Prefills of several lengths and decodes side by side, more of them than one step takes.
TEST_F(EngineTest, SameRequestSameAnswerWhateverElseRuns) {
  const Completion alone = run(prompt(kPrefix));
  for (const int n_others : {1, 2, 16, 32}) {
    std::vector<std::future<Result<Completion>>> others;
    for (int i = 0; i < n_others; ++i) {
      std::string longer;
      for (int line = 0; line < i % 5; ++line) longer += "value_" + std::to_string(line) + " = 1\n";
      Request request = prompt(longer + kPrefix + std::to_string(i) + " + ");
      request.priority = i % 4 == 3 ? Priority::kBackground : Priority::kInteractive;
      request.stop.max_tokens = 4 + i;
      others.push_back(submit(std::move(request)));
    }
    const Completion among = run(prompt(kPrefix));
    EXPECT_EQ(among.tokens, alone.tokens) << n_others;
    EXPECT_EQ(among.logprobs, alone.logprobs) << n_others;
    for (auto& other : others) EXPECT_TRUE(other.get().ok());
  }
}

TEST_F(EngineTest, SamplingIsSeeded) {
  Request request = prompt(kPrefix);
  request.sampling = {.temperature = 1.0f, .top_p = 0.95f, .seed = 42};
  const Completion first = run(request);
  EXPECT_EQ(run(request).tokens, first.tokens);
}

TEST_F(EngineTest, SegmentsAreEncodedOnceAndInAnyOrder) {
  Request request = prompt("import lib\nx = lib.");
  request.segments = {segment("def first_function(a):\n    return a\n"),
                      segment("def second_function(b):\n    return b\n")};
  const Completion cold = run(request);
  EXPECT_GT(cold.n_encoded_tokens, 0);
  std::swap(request.segments[0], request.segments[1]);
  const Completion warm = run(request);
  EXPECT_EQ(warm.n_encoded_tokens, 0);
  EXPECT_EQ(warm.n_segment_tokens, cold.n_segment_tokens);
  EXPECT_EQ(warm.tokens, cold.tokens);
  EXPECT_EQ(warm.logprobs, cold.logprobs);
}

TEST_F(EngineTest, SegmentsBeyondTheDeadlineStayOutAndComeLater) {
  Request request = prompt("y = ");
  request.segments = {segment("def too_late(c):\n    return c * 3\n")};
  request.segment_deadline = std::chrono::milliseconds(0);
  EXPECT_TRUE(run(request).segments_used.empty());
  // The background encodes it; anything that waits in line behind that sees it.
  Request later = prompt("z = ");
  later.priority = Priority::kBackground;
  run(later);
  EXPECT_EQ(run(request).segments_used, std::vector<int32_t>{0});
}

TEST_F(EngineTest, ACursorContinuesItsPrompt) {
  Request request = prompt(kPrefix);
  request.cursor = "test:a.py";
  EXPECT_EQ(run(request).n_cached_tokens, 0);
  Request next = prompt(kPrefix + "v * ");
  next.cursor = request.cursor;
  const Completion continued = run(next);
  EXPECT_GT(continued.n_cached_tokens, continued.n_prompt_tokens / 2);
  next.cursor.clear();
  EXPECT_EQ(run(next).text, continued.text);
}

TEST_F(EngineTest, BackgroundWorkAppendsToACursorWhoseSegmentsItKeeps) {
  Request request = prompt(kPrefix);
  request.cursor = "test:a.py";
  request.segments = {segment("v = 1\n")};
  run(request);
  Request ahead = prompt(kPrefix + "v * ");
  ahead.priority = Priority::kBackground;
  ahead.cursor = request.cursor;
  ahead.keep_cursor_segments = true;
  ahead.stop.max_tokens = 0;
  std::stop_source source;
  source.request_stop();
  Request given_up = ahead;
  given_up.cancel = source.get_token();
  EXPECT_FALSE(submit(given_up).get().ok());
  const Completion appended = run(ahead);
  EXPECT_GT(appended.n_cached_tokens, appended.n_prompt_tokens / 2);
  Request next = prompt(kPrefix + "v * ");
  next.cursor = request.cursor;
  next.keep_cursor_segments = true;
  const Completion answer = run(next);
  EXPECT_EQ(answer.n_cached_tokens, answer.n_prompt_tokens - 1);
  EXPECT_GT(answer.n_segment_tokens, 0);
  next.cursor.clear();
  next.segments = request.segments;
  EXPECT_EQ(run(next).text, answer.text);
}

TEST_F(EngineTest, ForgetsTheCursorsOfAClientThatHasGone) {
  Request gone = prompt(kPrefix);
  gone.cursor = "gone:a.py";
  Request here = gone;
  here.cursor = "here:a.py";
  run(gone);
  run(here);
  engine_->forget_cursors("gone:");
  EXPECT_EQ(run(gone).n_cached_tokens, 0);
  EXPECT_GT(run(here).n_cached_tokens, 0);
}

TEST_F(EngineTest, ScoresGivenTokens) {
  Request request = prompt(kPrefix);
  const Completion greedy = run(request);
  request.score = greedy.tokens;
  const Completion scored = run(request);
  ASSERT_EQ(scored.scores.size(), greedy.tokens.size());
  for (size_t i = 0; i < scored.scores.size(); ++i)
    EXPECT_NEAR(scored.scores[i], greedy.logprobs[i], 0.05);
}

TEST_F(EngineTest, HealingSpellsTheWordFirst) {
  Request request = prompt("def mean(values):\n    ret = 1\n   ");
  request.healing = " retu";
  const Completion completion = run(request);
  EXPECT_TRUE(completion.text.starts_with("rn")) << completion.text;
  EXPECT_GT(completion.n_healed_tokens, 0);
}

TEST_F(EngineTest, TheFirstTokenIsNoneOfTheBarredOnes) {
  for (const std::string healing : {"", " retu"}) {
    Request request = prompt("def mean(values):\n    ret = 1\n   ");
    request.healing = healing;
    std::vector<int32_t> firsts;  // chosen freely, each barred afterwards
    for (int i = 0; i < 4; ++i) {
      request.barred_first = firsts;
      const Completion completion = run(request);
      ASSERT_GT(static_cast<int32_t>(completion.tokens.size()), completion.n_healed_tokens);
      const int32_t first = completion.tokens[static_cast<size_t>(completion.n_healed_tokens)];
      EXPECT_EQ(std::count(firsts.begin(), firsts.end(), first), 0) << healing;
      firsts.push_back(first);
    }
  }
}

TEST_F(EngineTest, TheTokenThatSpellsASpaceIsNoneOfTheBarredOnes) {
  Request request = prompt("def mean(values):\n    return sum(values) /");
  request.healing = " ";
  const Completion likeliest = run(request);
  request.barred_first = {likeliest.tokens.at(0)};
  const Completion other = run(request);
  EXPECT_NE(other.tokens.at(0), likeliest.tokens[0]);
  EXPECT_EQ(engine_->tokenizer().token_bytes(other.tokens[0]).at(0), ' ');
}

TEST_F(EngineTest, RefusesWhatCanNeverRun) {
  Request outside = prompt("x");
  outside.prompt.push_back(engine_->config().vocab_size);
  EXPECT_EQ(submit(outside).get().status().code(), Code::kInvalidArgument);
  Request too_long = prompt("x");
  too_long.prompt.resize(100'000, 100);
  EXPECT_EQ(submit(too_long).get().status().code(), Code::kInvalidArgument);
  Request endless = prompt("x");
  endless.stop.max_tokens = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(submit(endless).get().status().code(), Code::kInvalidArgument);
  Request too_much = prompt("x");
  for (int i = 0; i < 200; ++i) {
    std::string text = "n" + std::to_string(i);
    for (int j = 0; j < 200; ++j) text += " a b";
    too_much.segments.push_back(segment(text));
  }
  EXPECT_EQ(submit(too_much).get().status().code(), Code::kResourceExhausted);
  EXPECT_TRUE(submit(prompt("x")).get().ok());
}

TEST_F(EngineTest, CancelsQueuedAndRunningRequests) {
  std::stop_source source;
  std::vector<std::future<Result<Completion>>> answers;
  for (int i = 0; i < 10; ++i) {
    Request request = prompt(kPrefix + std::to_string(i));
    request.cancel = source.get_token();
    request.cursor = "cancelled:" + std::to_string(i % 3);
    answers.push_back(submit(std::move(request)));
  }
  answers.front().wait();
  source.request_stop();
  int n_cancelled = 0;
  for (auto& answer : answers) n_cancelled += answer.get().status().code() == Code::kCancelled;
  EXPECT_GT(n_cancelled, 5);
  EXPECT_TRUE(submit(prompt("x")).get().ok());
}

// A long prompt has more chunks than a keystroke has steps: turn by turn it would be over first.
TEST_F(EngineTest, AKeystrokeIsNotHeldUpByALongPrompt) {
  if (on_gpu(*engine_)) GTEST_SKIP() << "there this prompt is one chunk, read beside decoding";
  std::string file;
  for (int i = 0; i < 40; ++i) file += "value_" + std::to_string(i) + " = function(argument)\n";
  Request before = prompt("x");
  Request long_prompt = prompt(file);
  long_prompt.stop.max_tokens = 1;
  Request keystroke = prompt("number = ");
  keystroke.healing = "3141592653589793238462643383279502884197";
  keystroke.stop = {.max_tokens = 64};

  std::string order;
  std::promise<void> both, all;
  // Both are there before either begins.
  before.on_done = [&](Result<Completion>) { both.get_future().wait(); };
  const auto note = [&](char name) {
    order += name;
    if (order.size() == 2) all.set_value();
  };
  long_prompt.on_done = [&](Result<Completion>) { note('l'); };
  keystroke.on_done = [&](Result<Completion>) { note('k'); };
  engine_->submit(std::move(before));
  engine_->submit(std::move(long_prompt));
  engine_->submit(std::move(keystroke));
  both.set_value();
  all.get_future().wait();
  EXPECT_EQ(order, "kl");
}

// Random requests, some cancelled at random moments, from several threads: every one is answered
// exactly once, and in the end all pages but those of Segments and cursors are free.
TEST_F(EngineTest, AnswersEveryRequestUnderStress) {
  std::atomic<int> n_answers = 0;
  constexpr int kThreads = 3;
  constexpr int kRequests = 20;
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < kThreads; ++client) {
      clients.emplace_back([&, client] {
        std::mt19937 random(client);
        for (int i = 0; i < kRequests; ++i) {
          std::stop_source source;
          Request request = prompt(kPrefix.substr(0, 20 + random() % 40));
          request.stop.max_tokens = static_cast<int32_t>(random() % 6);
          request.cursor = random() % 2 == 0 ? "stress:" + std::to_string(random() % 3) : "";
          request.segments = {segment("v" + std::to_string(random() % 8) + " = 1\n")};
          if (random() % 4 == 0) request.priority = Priority::kBackground;
          request.keep_cursor_segments = random() % 2 == 0;
          request.cancel = source.get_token();
          auto done = std::make_shared<std::promise<void>>();
          request.on_done = [&n_answers, done](Result<Completion>) {
            ++n_answers;
            done->set_value();
          };
          engine_->submit(std::move(request));
          if (random() % 3 == 0) source.request_stop();
          done->get_future().wait();
        }
      });
    }
  }
  EXPECT_EQ(n_answers, kThreads * kRequests);
}

TEST(EngineLoad, SaysWhatIsWrong) {
  const auto missing = Engine::load({.model = "/nonexistent"});
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_NE(missing.status().message().find("/nonexistent"), std::string::npos);
  const auto kernels = Engine::load({.model = kModel, .kernels = "abacus"});
  EXPECT_NE(kernels.status().message().find("abacus"), std::string::npos);
  EXPECT_EQ(Engine::load({.model = kModel, .kv_bytes = 10}).status().code(),
            Code::kResourceExhausted);
}

TEST(EngineLoad, AnswersWhatIsLeftWhenItEnds) {
  auto engine = Engine::load({.model = kModel, .kv_bytes = 64 << 20}).value();
  std::atomic<int> n_answers = 0;
  for (int i = 0; i < 5; ++i) {
    Request request;
    request.prompt = TokenIds(300, 100 + i);
    request.on_done = [&](Result<Completion>) { ++n_answers; };
    engine->submit(std::move(request));
  }
  engine.reset();
  EXPECT_EQ(n_answers, 5);
}

}  // namespace
}  // namespace rondo::engine
