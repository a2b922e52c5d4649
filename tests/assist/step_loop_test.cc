// The loop of drafts, checks and repairs through the real engine and the embedded model.
#include "assist/step_loop.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "assist/bracket_repair.h"
#include "workspace/languages.h"

namespace rondo::assist {
namespace {

const std::string kModel = RONDO_SOURCE_DIR "/models/loopcoder-mini";

// A document whose hole stands between two '^'; one '^' is an empty hole.
StepParams params_of(std::string marked, const std::string& path, int32_t depth) {
  const size_t begin = marked.find('^');
  marked.erase(begin, 1);
  size_t end = marked.find('^');
  if (end == marked.npos) {
    end = begin;
  } else {
    marked.erase(end, 1);
  }
  auto document = std::make_shared<workspace::Document>();
  document->path = path;
  document->uri = "file:///" + path;
  document->language = &workspace::language_of_file(path, marked);
  document->text = std::make_shared<const workspace::Text>(marked);
  return {.document = document,
          .hole = {static_cast<int64_t>(begin), static_cast<int64_t>(end)},
          .depth = depth};
}

class StepLoop : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    engine_ = engine::Engine::load({.model = kModel, .kv_bytes = 128 << 20}).value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  StepOutcome run(const StepParams& params) {
    return run_steps(*engine_, index_, params, {}).value();
  }

  static std::unique_ptr<engine::Engine> engine_;
  workspace::BlockIndex index_;
};

std::unique_ptr<engine::Engine> StepLoop::engine_;

constexpr const char* kMean =
    "def mean(values):\n"
    "    if not values:\n"
    "        return 0\n"
    "    return ^0^\n";

TEST_F(StepLoop, EveryStepOfTheDepthSaysWhatItDid) {
  for (const int32_t depth : {1, 3, 5}) {
    const StepOutcome outcome = run(params_of(kMean, "stats.py", depth));
    EXPECT_FALSE(outcome.text.empty());
    EXPECT_TRUE(outcome.parses);
    std::set<int32_t> steps;
    for (const LoopStep& step : outcome.steps) {
      steps.insert(step.step);
      EXPECT_NE(step.focus.find(": "), step.focus.npos) << step.focus;
    }
    EXPECT_EQ(static_cast<int32_t>(steps.size()), depth);
    EXPECT_EQ(*steps.begin(), 1);
    EXPECT_EQ(*steps.rbegin(), depth);
  }
}

TEST_F(StepLoop, TheSameQuestionHasTheSameAnswer) {
  const StepOutcome first = run(params_of(kMean, "stats.py", 3));
  const StepOutcome second = run(params_of(kMean, "stats.py", 3));
  EXPECT_EQ(first.text, second.text);
  EXPECT_EQ(first.steps, second.steps);
}

TEST_F(StepLoop, NamesTheConstructThatItLookedAt) {
  const StepOutcome outcome = run(params_of(kMean, "stats.py", 2));
  ASSERT_EQ(outcome.steps.size(), 2u);
  EXPECT_EQ(outcome.steps[0].focus, "draft: return");
  EXPECT_EQ(outcome.steps[1].focus, "parse: return " + outcome.text);
  EXPECT_GT(outcome.steps[0].n_tokens, 0);
}

TEST_F(StepLoop, AnAnswerIsNeverLongerThanItsBlock) {
  StepParams params =
      params_of("def total(items):\n    ^pass\n^\n\nclass Cart:\n    pass\n", "a.py", 2);
  params.length = AnswerLength::kBlock;
  params.max_tokens = 60;
  const StepOutcome outcome = run(params);
  EXPECT_EQ(outcome.text.find("\ndef"), outcome.text.npos) << outcome.text;
  EXPECT_EQ(outcome.text.find("\nclass"), outcome.text.npos) << outcome.text;
}

TEST_F(StepLoop, EndsWhereToldAndAsksAgainWhatTheCallerWillNotHave) {
  StepParams params = params_of(kMean, "stats.py", 2);
  params.until = {"("};
  EXPECT_EQ(run(params).text.find('('), std::string::npos);
  params.until.clear();
  const std::string likeliest = run(params).text;
  params.objects = [&](std::string_view answer) { return answer == likeliest; };
  const StepOutcome other = run(params);
  EXPECT_TRUE(other.parses);
  EXPECT_NE(other.text, likeliest);
  EXPECT_EQ(other.steps.back().verdict, StepVerdict::kRepaired);
  params.objects = [](std::string_view) { return true; };
  EXPECT_EQ(run(params).steps.back().verdict, StepVerdict::kFailed);
}

TEST_F(StepLoop, ExamplesAreReadBesideTheWorkspace) {
  StepParams params = params_of("x = make_^(1)\n", "a.py", 1);
  const std::string without = run(params).text;
  params.drafting.examples = {{"other.py",
                               "def make_zebra_from_number(n):\n    return n\n\n"
                               "y = make_zebra_from_number(2)\n"}};
  EXPECT_NE(run(params).text, without);
}

TEST_F(StepLoop, LineEndsAreThoseOfTheDocument) {
  StepParams params =
      params_of("def total(items):\r\n    ^\r\n\r\nclass Cart:\r\n    pass\r\n", "a.py", 2);
  params.length = AnswerLength::kBlock;
  params.max_tokens = 60;
  const std::string text = run(params).text;
  for (size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1))
    EXPECT_EQ(text[at - 1], '\r') << text;
}

TEST_F(StepLoop, RefusesWhatIsOutside) {
  StepParams params = params_of(kMean, "stats.py", 3);
  params.hole.end = 100'000;
  EXPECT_EQ(run_steps(*engine_, index_, params, {}).status().code(), Code::kInvalidArgument);
  params = params_of(kMean, "stats.py", 7);
  EXPECT_EQ(run_steps(*engine_, index_, params, {}).status().code(), Code::kInvalidArgument);
}

TEST_F(StepLoop, StopsWhenToldTo) {
  std::stop_source stop;
  stop.request_stop();
  const auto outcome =
      run_steps(*engine_, index_, params_of(kMean, "stats.py", 3), stop.get_token());
  EXPECT_EQ(outcome.status().code(), Code::kCancelled);
}

TEST(BracketRepair, ClosesWhatIsOpenAndCutsWhatIsNot) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(bracket_repairs("", "f(a, [b"), Texts{"f(a, [b])"});
  EXPECT_EQ(bracket_repairs("x = f(", "a"), Texts{"a)"});
  EXPECT_EQ(bracket_repairs("x = ", "f(a))"), Texts{"f(a)"});
  EXPECT_EQ(bracket_repairs("x = ", "a) + b"), (Texts{"a + b", "a"}));
  EXPECT_EQ(bracket_repairs("x = ", "\"a(b"), Texts{"\"a(b\""});
  EXPECT_EQ(bracket_repairs("x = ", "f(a)"), Texts{});
}

}  // namespace
}  // namespace rondo::assist
