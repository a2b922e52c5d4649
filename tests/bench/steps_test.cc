#include "bench/steps.h"

#include <gtest/gtest.h>

#include "bench/cases.h"
#include "bench/steps_table.h"

namespace rondo::bench {
namespace {

TEST(Cases, ForbidTheirLinesButNotWhatStandsEverywhere) {
  const std::string text = "int f(int a) {\n  int total = compute(a);\n  return a;\n}\n";
  const auto begin = static_cast<int64_t>(text.find("int total"));
  const auto end = static_cast<int64_t>(text.find("\n}"));
  const Hole body = {.kind = HoleKind::kBody, .begin = begin, .end = end};
  EXPECT_EQ(forbidden_lines(text, body), std::vector<std::string>{"  int total = compute(a);"});
  const auto line = static_cast<int64_t>(text.find("return"));
  const Hole rest = {.kind = HoleKind::kRest, .begin = line + 3, .end = end};
  EXPECT_EQ(forbidden_lines(text, rest), std::vector<std::string>{"  return a;"});
}

StepsTable table() {
  StepsTable table = {.depths = {1, 3}, .judges = "pyflakes3", .results = {}};
  for (int i = 0; i < 4; ++i) {
    StepsResult result = {.place = "r/a.py:" + std::to_string(i), .language = "Python"};
    result.answers.push_back({.text = i == 0 ? "" : "x",
                              .parses = i > 1,
                              .match = i == 3,
                              .undefined_names = {{"y"}},
                              .n_tokens = 4,
                              .ms = 10.0 * i});
    result.answers.push_back(
        {.text = "y", .parses = true, .match = i == 3, .undefined_names = {{}}, .n_tokens = 8});
    table.results.push_back(result);
  }
  return table;
}

TEST(StepsTable, HasARowADepth) {
  const std::string text = steps_table(table());
  EXPECT_NE(text.find("| 1 | 75.0 (30.1 to 95.4) | 50.0 (15.0 to 85.0) | 4 in 4 cases | 0 | 25.0"),
            text.npos)
      << text;
  EXPECT_NE(text.find("| 3 | 100.0"), text.npos) << text;
  EXPECT_NE(text.find("| 0 in 4 cases | 0 | 25.0 (4.6 to 69.9) | 8.0 | 0 | 0 |"), text.npos)
      << text;
}

TEST(StepsTable, SaysWhereNobodyJudgedNames) {
  StepsTable unjudged = table();
  unjudged.judges.clear();
  EXPECT_NE(steps_table(unjudged).find("not judged"), std::string::npos);
}

TEST(StepsTable, GivesEveryAnswerAsJson) {
  const Json json = steps_json(table());
  ASSERT_EQ(json.at("results").size(), 4u);
  EXPECT_EQ(json.at("rows")[0].at("shown"), 3);
  EXPECT_EQ(json.at("results")[1].at("answers")[1].at("text"), "y");
}

}  // namespace
}  // namespace rondo::bench
