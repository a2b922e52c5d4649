#include "bench/rules.h"

#include <gtest/gtest.h>

namespace rondo::bench {
namespace {

TEST(Rules, HolesInsideEndBeforeTheClosingBracket) {
  Corpus corpus;
  corpus.repositories.push_back({"r", {{"a.py", "f(a, g(b), c) + 1\nx = 1\n", Group::kPython}}});
  const std::vector<Hole> holes = {{.begin = 5, .end = 17}, {.begin = 22, .end = 23}};
  const std::vector<Hole> inside = holes_inside(corpus, holes);
  ASSERT_EQ(inside.size(), 1u);
  EXPECT_EQ(inside[0], (Hole{.begin = 5, .end = 12}));
}

TEST(Rules, AreWorthWhatOnlyTheyMakeExact) {
  const std::vector<RuleCase> cases = {
      {.text = "f(a, )\n", .offset = 5, .truth = "b", .draft = "b)"},
      {.text = "f(a, )\n", .offset = 5, .truth = "b", .draft = "b\n"},
      {.text = "    \n    return 1\n", .offset = 4, .truth = "return 1", .draft = "return 1"},
      {.text = "x = \n", .offset = 4, .truth = "1", .draft = "2"}};
  const RulesTable table = rules_table(cases);
  EXPECT_EQ(table.n, 4);
  EXPECT_EQ(table.n_exact, 2);
  EXPECT_EQ(table.n_exact_raw, 2);
  for (const RuleRow& row : table.rows) {
    EXPECT_EQ(row.n_only_with, row.rule == "closers" ? 1 : 0) << row.rule;
    EXPECT_EQ(row.n_only_without, row.rule == "next line" ? 1 : 0) << row.rule;
  }
  EXPECT_NE(to_markdown(table).find("| next line | 1 | 0 | 1 |"), std::string::npos)
      << to_markdown(table);
  EXPECT_EQ(to_json(table).at("rules").size(), table.rows.size());
}

}  // namespace
}  // namespace rondo::bench
