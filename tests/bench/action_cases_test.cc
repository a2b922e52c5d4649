#include "bench/action_cases.h"

#include <gtest/gtest.h>

namespace rondo::bench {
namespace {

const std::string kFile =
    "import json\n"
    "from shop.cart import Basket\n"
    "\n"
    "\n"
    "def total(basket: Basket, tax: float = 0.2) -> float:\n"
    "    \"\"\"What the basket costs.\"\"\"\n"
    "    subtotal = sum(item.price for item in basket.items)\n"
    "    return subtotal * (1 + tax)\n"
    "\n"
    "\n"
    "def dump(basket: Basket) -> str:\n"
    "    return json.dumps(basket.items)\n";

// What is spoilt differs from the file, the truth brings all of it back, and nothing does not.
TEST(ActionCases, AreMadeOfARealFileAndCanBeBroughtBack) {
  const CorpusFile file = {.path = "shop/total.py", .text = kFile};
  ActionCases cases(7);
  for (const std::string& action : measured_actions()) {
    const std::optional<ActionCase> one = cases.make(action, file, 3);
    ASSERT_TRUE(one) << action;
    EXPECT_EQ(one->action, action);
    EXPECT_EQ(one->file, 3u);
    EXPECT_NE(one->text, kFile) << action;
    EXPECT_FALSE(one->truth.empty()) << action;
    EXPECT_EQ(share_right(*one, one->truth), 1) << action << "\n" << one->text;
    EXPECT_EQ(share_right(*one, {}), 0) << action;
    std::string whole = one->text;
    for (auto edit = one->truth.rbegin(); edit != one->truth.rend(); ++edit) {
      whole.replace(static_cast<size_t>(edit->range.begin), static_cast<size_t>(edit->range.size()),
                    edit->with);
    }
    EXPECT_EQ(whole, kFile) << action;
  }
}

TEST(ActionCases, TheSameSeedGivesTheSameCases) {
  const CorpusFile file = {.path = "shop/total.py", .text = kFile};
  for (const std::string& action : measured_actions()) {
    ActionCases first(3);
    ActionCases second(3);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(first.make(action, file, 0)->text, second.make(action, file, 0)->text) << action;
    }
  }
}

TEST(ActionCases, AnImportIsRightWhereverItStands) {
  const CorpusFile file = {.path = "a.py", .text = "import os\nimport json\n\nprint(json, os)\n"};
  const std::optional<ActionCase> one = ActionCases(1).make("addImport", file, 0);
  ASSERT_TRUE(one);
  const std::string& import = one->truth[0].with;
  const auto end = static_cast<int64_t>(one->text.size());
  EXPECT_EQ(share_right(*one, {{{0, 0}, import}}), 1);
  EXPECT_EQ(share_right(*one, {{{end, end}, import}}), 1);
  EXPECT_EQ(share_right(*one, {{{0, 0}, "import other\n"}}), 0);
}

TEST(ActionCases, HalfOfTheTypesIsHalfRight) {
  const CorpusFile file = {.path = "a.py", .text = "def f(a: int, b: str):\n    print(a, b)\n"};
  const std::optional<ActionCase> one = ActionCases(1).make("annotateTypes", file, 0);
  ASSERT_TRUE(one);
  ASSERT_EQ(one->text, "def f(a, b):\n    print(a, b)\n");
  EXPECT_EQ(share_right(*one, {one->truth[0], {one->truth[1].range, ": bytes"}}), 0.5);
}

}  // namespace
}  // namespace rondo::bench
