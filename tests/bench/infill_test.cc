#include "bench/infill.h"

#include <gtest/gtest.h>

#include "bench/bodies.h"
#include "bench/edit_similarity.h"
#include "bench/infill_table.h"
#include "bench/statistics.h"

namespace rondo::bench {
namespace {

TEST(EditSimilarity, IsTheShareThatStays) {
  EXPECT_EQ(edit_similarity("", ""), 1);
  EXPECT_EQ(edit_similarity("abc", "abc"), 1);
  EXPECT_EQ(edit_similarity("abc", ""), 0);
  EXPECT_DOUBLE_EQ(edit_similarity("kitten", "sitting"), 1 - 3.0 / 7);
}

TEST(Bootstrap, CoversTheMeanAndIsTheSameAgain) {
  const std::vector<double> values = {0, 0, 0, 0, 0, 0, 0, 10, 0, 0};
  const Estimate once = bootstrap_mean(values);
  EXPECT_DOUBLE_EQ(once.value, 1);
  EXPECT_EQ(once.low, 0);
  EXPECT_GT(once.high, 1);
  EXPECT_EQ(bootstrap_mean(values).high, once.high);
  const std::vector<double> same(5, 2.5);
  EXPECT_EQ(bootstrap_mean(same).low, 2.5);
  EXPECT_EQ(bootstrap_mean(same).high, 2.5);
}

const std::string kHead(120, '#');

TEST(Bodies, AreWhatStandsBetweenTheFirstAndTheLastLine) {
  Corpus corpus;
  corpus.repositories.push_back(
      {"r",
       {{"a.cc",
         "// " + kHead + "\nint total(int x,\n          int y) {\n  x += y;\n  return x;\n}\n",
         Group::kC},
        {"a.py",
         "# " + kHead +
             "\ndef total(x):\n    x += 1\n    return x\n\n\ndef one(x):\n    return x\n",
         Group::kPython}}});
  const std::vector<Hole> holes = cut_bodies(corpus, 10, 1);
  ASSERT_EQ(holes.size(), 2u) << "a body of one line is none";
  const auto body = [&](const Hole& hole) {
    return corpus.repositories[0].files[hole.file].text.substr(hole.begin, hole.end - hole.begin);
  };
  EXPECT_EQ(body(holes[0]), "x += y;\n  return x;");
  EXPECT_EQ(body(holes[1]), "x += 1\n    return x");
  EXPECT_EQ(cut_bodies(corpus, 1, 1).size(), 1u);
}

TEST(InfillProblems, AreReadAsPublished) {
  const std::string good =
      R"({"task_id": "SingleLineInfilling/HumanEval/0/L0", "entry_point": "f", "prompt": "def f():\n",)"
      R"( "suffix": "    return x\n", "canonical_solution": "    x = 1\n", "test": "def check(c): pass\n"})";
  const auto problems = read_problems(good + "\n\n");
  ASSERT_TRUE(problems.ok());
  ASSERT_EQ(problems->size(), 1u);
  EXPECT_TRUE(problems->front().is_single_line());
  EXPECT_EQ(test_program(problems->front(), "    x = 2\n"),
            "def f():\n    x = 2\n    return x\n\ndef check(c): pass\n\ncheck(f)\n");
  EXPECT_EQ(read_problems(good + "\n{\"task_id\": \"x\"}\n").status().message().substr(0, 6),
            "line 2");
  EXPECT_NE(read_problems("\x1f\x8b...").status().message().find("gunzip"), std::string::npos);
}

TEST(InfillModes, LeaveOutOneSourceAtATime) {
  EXPECT_EQ(infill_modes(false).size(), 4u);
  const std::vector<InfillMode> modes = infill_modes(true);
  ASSERT_EQ(modes.size(), 9u);
  EXPECT_EQ(modes[5].name, "composed, no imports");
  EXPECT_FALSE(modes[5].sources.imports);
  EXPECT_TRUE(modes[5].sources.definitions);
}

TEST(InfillTables, CompareModesCaseByCase) {
  InfillTable table = {.modes = infill_modes(false), .results = {}};
  for (int i = 0; i < 4; ++i) {
    InfillResult result = {.language = "Go", .kind = HoleKind::kLine, .answers = {}};
    for (int mode = 0; mode < 4; ++mode) {
      result.answers.push_back({.match = mode == 1,
                                .similarity = 0.5,
                                .log_probability = -2.0 + 0.5 * mode - i,
                                .n_context_tokens = 100 * mode});
    }
    table.results.push_back(std::move(result));
  }
  const std::string text = infill_table(table);
  EXPECT_NE(text.find("| Go, composed | 4 | 100.0 (100.0 to 100.0) |"), std::string::npos) << text;
  EXPECT_NE(text.find("| all, no context | 4 | -100.0 (-100.0 to -100.0) | +0.0 (+0.0 to +0.0) | "
                      "-0.500 (-0.500 to -0.500) |"),
            std::string::npos)
      << text;
  EXPECT_EQ(infill_json(table)["rows"].size(), 12u);
}

}  // namespace
}  // namespace rondo::bench
