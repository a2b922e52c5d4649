// The loop of drafts, checks and repairs through the real engine and the embedded model.
#include "assist/step_loop.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "assist/bracket_repair.h"
#include "assist/branches.h"
#include "assist/parse_repair.h"
#include "engine/scripted_engine.h"
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

// The loop on answers from a script.
class ScriptedLoop : public testing::Test {
 protected:
  StepOutcome run(const StepParams& params, const std::string& answers) {
    auto script = engine::Script::parse("{\"answers\": [" + answers + "]}", "the script").value();
    const auto engine = engine::ScriptedEngine::create(kModel, std::move(script)).value();
    return run_steps(*engine, index_, params, {}).value();
  }
  // "3 names: totl repaired"
  static std::vector<std::string> lines_of(const StepOutcome& outcome) {
    std::vector<std::string> lines;
    for (const LoopStep& step : outcome.steps) {
      lines.push_back(std::to_string(step.step) + " " + step.focus + " " +
                      std::string(verdict_name(step.verdict)));
    }
    return lines;
  }

  workspace::BlockIndex index_;
};

using Lines = std::vector<std::string>;

TEST_F(ScriptedLoop, RepairsWhatDoesNotParse) {
  const StepParams params = params_of("def f(a):\n    x = g(a,^\n    return a\n", "a.py", 2);
  const StepOutcome closed = run(params, R"s({"text": " [1"}, {"scored": " [1])"})s");
  EXPECT_EQ(closed.text, " [1])");
  EXPECT_EQ(lines_of(closed), (Lines{"1 draft: x = g(a, passed", "2 parse: x = g(a, [1 repaired"}));
  const StepOutcome other = run(params, R"s({"text": " = = 1", "times": 1}, {"text": " 2)"})s");
  EXPECT_EQ(other.text, " 2)");
}

TEST_F(ScriptedLoop, EndsOtherwiseWhatNeverParses) {
  const std::string text = "int f(int a) {\n  ^\n    a = 2;\n  }\n  return a;\n}\n";
  const StepParams params = params_of(text, "a.c", 2);
  CodeQueries queries;
  CutText cut = {.language = *params.document->language,
                 .path = "a.c",
                 .text = params.document->text->bytes(),
                 .offset = params.hole.begin};
  const auto check = AnswerCheck::make(cut, index_, queries).value();
  EXPECT_EQ(check->errors_without(), 0);  // though only an open brace parses
  const std::vector<std::string> ends = other_ends(*check, "if (a == 1);").value();
  ASSERT_FALSE(ends.empty());
  EXPECT_EQ(ends[0], "if (a == 1) {");
  std::string scores;
  for (const std::string& end : ends) {
    const std::string logprob = end == ends[0] ? "-1" : "-2";
    scores += ", {\"scored\": " + dump_json(Json(end)) + ", \"logprob\": " + logprob + "}";
  }
  const StepOutcome outcome = run(params, R"s({"text": "if (a == 1);"})s" + scores);
  EXPECT_EQ(outcome.text, "if (a == 1) {");
  EXPECT_EQ(lines_of(outcome).back(), "2 parse: } repaired");
}

TEST(SimilarRests, AreOfTheNearestLinesThatBeginSo) {
  const std::string text = "foo(1)\nbar(foo.x)\n  fo\nfood(2)\nxfo\n";
  const auto at = static_cast<int64_t>(text.find("  fo") + 4);
  EXPECT_EQ(similar_rests(text, at), (std::vector<std::string>{"od(2)", "o.x)", "o(1)"}));
  EXPECT_EQ(similar_rests("a = 1\n  \n\nb\n", 8), (std::vector<std::string>{"b", "a = 1"}));
  EXPECT_EQ(similar_rests("a(\na(b)\nb(c)\n", 2), std::vector<std::string>{"b)"});
}

TEST_F(ScriptedLoop, CutsAnAnswerBackToTheLinesThatParse) {
  StepParams params = params_of("int f(int a) {\n  ^\n}\n", "a.c", 2);
  params.length = AnswerLength::kBlock;
  const StepOutcome outcome = run(params, R"s({"text": "if (a) {\n    g(a);\n    if (h("},
                     {"scored": "if (a) {\n    g(a);\n  }"})s");
  EXPECT_EQ(outcome.text, "if (a) {\n    g(a);\n  }");
  EXPECT_EQ(lines_of(outcome).back(), "2 parse: if (h( repaired");
}

TEST_F(ScriptedLoop, NothingIsNoAnswer) {
  const StepParams params = params_of("def f(a):\n    return ^\n", "a.py", 2);
  const StepOutcome outcome = run(params, R"s({"text": "", "times": 1}, {"text": "a"})s");
  EXPECT_EQ(outcome.text, "a");
  EXPECT_EQ(lines_of(outcome), (Lines{"1 draft: return failed", "2 parse: return repaired"}));
  const StepParams prose = params_of("They return ^\n", "a.txt", 2);
  EXPECT_EQ(run(prose, R"s({"text": ""})s").silence, "the model has nothing to add here");
}

TEST_F(ScriptedLoop, WritesAgainFromAnUnknownNameOn) {
  const StepParams params = params_of("def f(total):\n    return ^\n", "a.py", 3);
  const StepOutcome outcome =
      run(params, R"s({"text": "max(totl, 0)", "times": 1}, {"scored": "max(total, 1)"},
                     {"text": "total, 1)"})s");
  EXPECT_EQ(outcome.text, "max(total, 1)");
  EXPECT_TRUE(outcome.unknown_names.empty());
  EXPECT_EQ(lines_of(outcome)[2], "3 names: totl repaired");
  EXPECT_GT(outcome.steps[2].n_tokens, 0);
}

// The rest of the function waits for the name.
TEST_F(ScriptedLoop, AsksTheAnswerToBindWhatOnlyItsFunctionUses) {
  const StepParams params =
      params_of("def f(a):\n    ^\n    return rest + known\n\n\nknown\n", "a.py", 3);
  const StepOutcome outcome = run(params, R"s({"text": "rest = rest_of(a, known)", "times": 1},
                     {"text": "a.rest", "times": 1},
                     {"scored": "rest = a.rest"}, {"text": "rest += 1"})s");
  EXPECT_EQ(outcome.text, "rest = a.rest");
  EXPECT_EQ(lines_of(outcome)[2], "3 names: rest_of repaired");
  const StepOutcome used = run(params, R"s({"text": "x = rest", "times": 1},
                                           {"text": "a", "times": 1}, {"scored": "x = a"})s");
  EXPECT_EQ(used.text, "x = a");
}

TEST_F(ScriptedLoop, FillsEachBranchOfItsDraftAgain) {
  StepParams params = params_of("def f(a):\n    ^\n\n\ndef g(a):\n    return a\n", "a.py", 3);
  params.length = AnswerLength::kBlock;
  const StepOutcome outcome = run(
      params, R"s({"text": "if a:\n        a = a\n    for b in a:\n        print(b)\n    return a",
                  "times": 1},
                 {"text": "a.sort(b)", "times": 1}, {"scored": "a.sort(b)", "logprob": -1},
                 {"scored": "print(b)", "logprob": -2}, {"text": "a = 1", "times": 1},
                 {"scored": "a = 1", "logprob": -2},
                 {"scored": "a = a", "logprob": -1})s");
  EXPECT_EQ(outcome.text, "if a:\n        a = a\n    for b in a:\n        a.sort(b)\n    return a");
  EXPECT_EQ(lines_of(outcome),
            (Lines{"1 draft:  passed", "2 parse: if a: passed", "3 names: if a: passed",
                   "3 branch: for b in a: repaired", "3 branch: if a: passed"}));
}

TEST_F(ScriptedLoop, StaysInTheFunction) {
  StepParams params =
      params_of("int f(int a) {\n  ^\n}\n\nint g(int a) {\n  return a;\n}\n", "a.c", 4);
  params.length = AnswerLength::kBlock;
  const StepOutcome outcome =
      run(params, R"s({"text": "return a;\n  }\n  int h(int a) {\n  return 2;", "times": 1},
                     {"text": "return 3;"})s");
  EXPECT_EQ(outcome.text, "return 3;");
  EXPECT_EQ(lines_of(outcome).back(), "4 signature: int f(int a) repaired");
}

TEST(Branches, AreTheBodiesOfConditionsAndLoops) {
  const auto bodies = [](const std::string& path, const std::string& bytes) {
    const workspace::Language& language = workspace::language_of_file(path, bytes);
    const auto text = std::make_shared<const workspace::Text>(bytes);
    const auto tree = workspace::Parser().parse(language, text, nullptr, {}).value();
    std::vector<std::string> found;
    for (const Branch& branch : branches_in(tree, {0, text->size()}))
      found.push_back(std::to_string(branch.head_line) + " " +
                      std::string(text->slice(branch.body)));
    return found;
  };
  EXPECT_EQ(bodies("a.py", "if a:\n    b\nelse:\n    c\nfor d in e:\n    if f:\n        g\n"),
            (Lines{"0 b", "2 c", "4 if f:\n        g"}));
  EXPECT_EQ(bodies("a.js", "if (a) { b } else { c }\nwhile (d) {}\n"), (Lines{"0 b", "0 c"}));
  EXPECT_EQ(bodies("a.go", "package a\nfunc f() {\n\tg()\n}\n"), Lines{"1 g()"});
  EXPECT_EQ(bodies("a.rs", "fn f() { if a { b(); } }\n"), Lines{"0 if a { b(); }"});
  EXPECT_EQ(bodies("a.c", "int f() { for (;;) { g(); } }\n"), Lines{"0 for (;;) { g(); }"});
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
