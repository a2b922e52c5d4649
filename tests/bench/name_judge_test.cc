#include "bench/name_judge.h"

#include <gtest/gtest.h>

namespace rondo::bench {
namespace {

using Uses = std::vector<UndefinedUse>;

TEST(NameJudge, ReadsWhatPyflakesSays) {
  const auto uses = read_pyflakes(
      "./0.py:3:5: undefined name 'totl'\n"
      "0.py:4:1: 'os' imported but unused\n"
      "2.py:1:7: '(' was never closed\nprint(\n      ^\n",
      3);
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0], (Uses{{"totl", 3}}));
  EXPECT_EQ(uses[1], Uses{});
  EXPECT_FALSE(uses[2].has_value());
}

TEST(NameJudge, ReadsWhatTscSays) {
  const auto uses = read_tsc(
      "0.ts(1,17): error TS2307: Cannot find module './b'.\n"
      "0.ts(2,44): error TS2304: Cannot find name 'gg'.\n"
      "1.js(3,9): error TS2552: Cannot find name 'totl'. Did you mean 'total'?\n"
      "1.js(4,9): error TS2580: Cannot find name 'process'. Do you need to install type "
      "definitions for node?\n",
      2);
  ASSERT_EQ(uses.size(), 2u);
  EXPECT_EQ(uses[0], (Uses{{"gg", 2}}));
  EXPECT_EQ(uses[1], (Uses{{"totl", 3}}));
}

TEST(NameJudge, AsksTheTools) {
  const std::string judges = name_judges();
  if (judges != "pyflakes3, tsc") GTEST_SKIP() << "needs pyflakes3 and tsc; here: " << judges;
  const std::vector<JudgedText> texts = {
      {"a/b.py", "def f(total):\n    return totl\n"},
      {"c.go", "package c\n"},
      {"d.ts", "import { x } from './b';\nexport const y: number = x + zz;\n"},
      {"e.py", "def f(:\n"},
      {"f.ts", "namespace ts { export const y = elsewhere; }\n"},
      {"g.jsx", "import React from 'react';\nexport const A = () => <Foo a={React}/>;\n"}};
  const auto uses = undefined_uses(texts).value();
  ASSERT_EQ(uses.size(), texts.size());
  EXPECT_EQ(uses[0], (Uses{{"totl", 2}}));
  EXPECT_FALSE(uses[1].has_value());
  EXPECT_EQ(uses[2], (Uses{{"zz", 2}}));
  EXPECT_FALSE(uses[3].has_value());
  EXPECT_FALSE(uses[4].has_value());
  EXPECT_EQ(uses[5], (Uses{{"Foo", 2}}));
}

}  // namespace
}  // namespace rondo::bench
