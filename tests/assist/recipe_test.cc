#include "assist/recipe.h"

#include <gtest/gtest.h>

#include "assist/names_elsewhere.h"
#include "assist/rewrite.h"

namespace rondo::assist {
namespace {

// A recipe whose one rule is `rule`, from line 4 on.
std::string recipe_with(const std::string& rule) {
  return "recipe: r\nabout: a\nlanguages: [python]\n" + rule;
}

std::string error_of(const std::string& text) {
  Result<Recipe> recipe = parse_recipe(text, "r.yaml");
  if (!recipe.ok()) return recipe.status().message();
  const auto compiled = CompiledRecipe::compile(std::move(*recipe));
  return compiled.ok() ? "" : compiled.status().message();
}

struct BadRecipe {
  const char* text;
  const char* error;  // how it begins
};

const BadRecipe kBad[] = {
    {"recipe: [", "r.yaml:2: "},
    {"recipe: r\nabout: a\n", "r.yaml:1: 'languages: [...]' is missing here"},
    {"recipe: r\nabout: a\nlanguages: [cobol]\n", "r.yaml:3: no language is called 'cobol'"},
    {"recipe: r\nrecipe: s\n", "r.yaml:2: 'recipe' is said twice"},
    {"recipe: &a r\nabout: b\n", "r.yaml:1: anchors and tags are not read"},
    {"recipe: r\nabout: a\nlanguages: [python]\nrulez: []\n",
     "r.yaml:4: 'rulez' is not known here; known are: recipe"},
};

TEST(Recipe, SaysWhatIsWrongWhere) {
  for (const BadRecipe& bad : kBad) {
    EXPECT_EQ(error_of(bad.text).substr(0, std::string(bad.error).size()), bad.error);
  }
}

const BadRecipe kBadRules[] = {
    {"rules:\n  - name: n\n    replace: '@a'\n    with: x\n",
     "r.yaml:5: a rule looks for either a 'query' or a 'regex'"},
    {"rules:\n  - name: n\n    query: (call) @a\n    replace: '@b'\n    with: x\n",
     "r.yaml:5: nothing is captured as 'b'"},
    {"rules:\n  - name: n\n    query: (call) @a\n    replace: '@a'\n    with: '{b}'\n",
     "r.yaml:8: nothing is captured as 'b'"},
    {"rules:\n  - name: n\n    query: (call) @a\n    replace: '@a'\n    with: '{a'\n",
     "r.yaml:8: a '{' is not closed"},
    {"rules:\n  - name: n\n    query: (call) @a\n    replace: '@a'\n    with: '{a|upside}'\n",
     "r.yaml:8: there is no filter or table 'upside'"},
    {"rules:\n  - name: n\n    query: |\n      (call)\n      (calll) @a\n    replace: '@a'\n"
     "    with: x\n",
     "r.yaml:8: python: the grammar has no node 'calll'"},
    {"rules:\n  - name: n\n    query: ((call) @a (#is? @a 'x'))\n    replace: '@a'\n    with: x\n",
     "r.yaml:6: python: this is no tree-sitter query"},
    {"rules:\n  - name: n\n    query: ((call) @a (#is? @a \"x\"))\n    replace: '@a'\n    with: "
     "x\n",
     "r.yaml:6: there is no predicate #is?"},
    {"rules:\n  - name: n\n    query: ((call) @a (#in? @a \"x\"))\n    replace: '@a'\n    with: "
     "x\n",
     "r.yaml:6: no names 'x' are collected before this"},
    {"rules:\n  - name: n\n    query: (call) @a (#eq? @a \"x\")\n    replace: '@a'\n    with: x\n",
     "r.yaml:6: a condition stands alone"},
    {"rules:\n  - name: n\n    regex: '(a'\n    replace: '@match'\n    with: x\n",
     "r.yaml:6: the regular expression is wrong at its byte 2"},
    {"rules:\n  - name: n\n    regex: a\n    replace: '@match'\n    kind: hole\n    with: "
     "'{{hole}}'\n",
     "r.yaml:9: 'with' of a hole has {hole} once"},
    {"rules:\n  - name: n\n    regex: a\n    replace: '@match'\n    kind: hole\n    must: '(a'\n",
     "r.yaml:9: the regular expression is wrong"},
    {"rules:\n  - name: n\n    regex: (?<x>a)b\n    edits:\n      - {replace: '@match', kind: "
     "hole}\n"
     "      - {replace: '@x', kind: instruct, instruction: i}\n",
     "r.yaml:5: a rule has one edit that needs a model"},
};

TEST(Recipe, NamesPlacesThatStay) {
  const std::string text =
      "recipe: r\nabout: a\nlanguages: [python]\nrules:\n  - name: n\n    regex: 'a'\n"
      "    leave: is an a\n";
  auto recipe = CompiledRecipe::compile(*parse_recipe(text, "r.yaml"));
  ASSERT_TRUE(recipe.ok()) << recipe.status().message();
  const Rewrite made = Rewriter(*recipe).rewrite("x.py", "b\na\n");
  EXPECT_EQ(made.verdict, Rewrite::Verdict::kUnchanged);
  ASSERT_EQ(made.left.size(), 1u);
  EXPECT_EQ(made.left[0].line, 2);
  EXPECT_EQ(made.left[0].reason, "is an a");
  EXPECT_EQ(parse_recipe(text + "    with: b\n", "r.yaml").status().message(),
            "r.yaml:8: a rule with 'leave' has no edit");
}

TEST(Recipe, HasChecksWithLimits) {
  const std::string text =
      "recipe: r\nabout: a\nlanguages: [python]\nrules:\n  - name: n\n    regex: a\n"
      "    replace: '@match'\n    with: b\nchecks:\n  - {name: types, run: [mypy, a b], seconds: "
      "9}\n";
  const Result<Recipe> recipe = parse_recipe(text, "r.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.status().message();
  ASSERT_EQ(recipe->checks.size(), 1u);
  EXPECT_EQ(recipe->checks[0].words, (std::vector<std::string>{"mypy", "a b"}));
  EXPECT_EQ(recipe->checks[0].time, std::chrono::seconds(9));
  EXPECT_EQ(
      parse_recipe(text + "  - {name: t, run: [x], megabytes: 1.5}\n", "r.yaml").status().message(),
      "r.yaml:11: 'megabytes' must be a number from 1 to 1000000");
  EXPECT_FALSE(parse_recipe(text + "  - {name: t}\n", "r.yaml").ok());
}

TEST(Recipe, SaysWhatIsWrongWithARule) {
  for (const BadRecipe& bad : kBadRules) {
    EXPECT_EQ(error_of(recipe_with(bad.text)).substr(0, std::string(bad.error).size()), bad.error)
        << bad.text;
  }
}

TEST(NamesElsewhere, AreThoseOfTheModule) {
  struct Row {
    const char* dotted;
    const char* path;
    bool is_of_it;
  };
  const Row rows[] = {
      {"pkg.service.log", "src/pkg/service.py", true},
      {"src.pkg.service.log", "service.py", true},
      {"service.log", "pkg/service.py", true},
      {"log", "pkg/service.py", true},
      {"pkg.log", "pkg/__init__.py", true},
      {"pkg.log", "pkg/service.py", false},
      {"pkg.service.log", "pkg/service/a.py", false},
      {"other.service.log", "pkg/service.py", false},
      {"my_service.log", "pkg/service.py", false},
  };
  for (const Row& row : rows) {
    const std::vector<std::string> expected(row.is_of_it ? 1 : 0, "log");
    EXPECT_EQ(names_in_module({row.dotted}, row.path), expected) << row.dotted << " " << row.path;
  }
}

TEST(NamesElsewhere, AreLookedForWhereAWordStands) {
  const std::string rule = "rules:\n  - name: n\n    regex: a\n    leave: b\n";
  const std::string names = "names:\n  s:\n    contains: [mock]\n    elsewhere: ";
  Recipe recipe =
      *parse_recipe(recipe_with(names + "'(?<module>\\w+) (?<name>\\w+)'\n" + rule), "r.yaml");
  NamesElsewhere elsewhere = *NamesElsewhere::of(recipe);
  ASSERT_TRUE(elsewhere.look_at("a log\n").ok());
  ASSERT_TRUE(elsewhere.look_at("mock b\nc log\n").ok());
  ASSERT_TRUE(elsewhere.look_at("mock \xff").ok());
  EXPECT_EQ(recipe.names[0].found, (std::set<std::string>{"c.log", "mock.b"}));
  recipe = *parse_recipe(recipe_with(names + "(a\n" + rule), "r.yaml");
  EXPECT_EQ(NamesElsewhere::of(recipe).status().message().substr(0, 35),
            "r.yaml:7: the regular expression is");
  recipe = *parse_recipe(recipe_with(names + "a\n" + rule), "r.yaml");
  EXPECT_EQ(NamesElsewhere::of(recipe).status().message(),
            "r.yaml:7: the expression has no group (?<name>...)");
}

Rewrite rewrite(const std::string& rules, const std::string& text) {
  Result<Recipe> recipe = parse_recipe(recipe_with(rules), "r.yaml");
  EXPECT_TRUE(recipe.ok()) << recipe.status().message();
  const auto compiled = CompiledRecipe::compile(std::move(*recipe));
  EXPECT_TRUE(compiled.ok()) << compiled.status().message();
  return Rewriter(*compiled).rewrite("a.py", text);
}

TEST(Rewriter, ReplacesWhatARegularExpressionFinds) {
  const Rewrite made = rewrite(
      "rules:\n  - name: n\n    regex: '\\bold_(?<rest>\\w+)'\n    replace: '@match'\n"
      "    with: 'new_{rest}'\n",
      "old_a = bold_b\nold_c()\n");
  EXPECT_EQ(made.text, "new_a = bold_b\nnew_c()\n");
  EXPECT_EQ(made.n_matches(), 2);
}

TEST(Rewriter, IndentsTheLinesOfATemplateAndNotWhatWasCaptured) {
  const Rewrite made = rewrite(
      "rules:\n  - name: n\n    query: |\n      (expression_statement (call function: (identifier) "
      "@f\n"
      "        arguments: (argument_list (_) @x)) (#eq? @f \"old\")) @s\n    replace: '@s'\n"
      "    with: |-\n      first()\n      second({x})\n",
      "def f():\n    old('''a\nb''')\n");
  EXPECT_EQ(made.text, "def f():\n    first()\n    second('''a\nb''')\n");
}

TEST(Rewriter, LeavesAFileThatARecipeWouldChangeForever) {
  const Rewrite made = rewrite(
      "rules:\n  - name: n\n    regex: 'a'\n    replace: '@match'\n    with: 'aa'\n", "a\n");
  EXPECT_EQ(made.verdict, Rewrite::Verdict::kLeftOut);
  EXPECT_EQ(made.reason, "would be changed without end: the recipe matches what it writes");
}

TEST(Rewriter, LeavesAFileThatWouldNotParse) {
  const Rewrite made = rewrite(
      "rules:\n  - name: n\n    regex: 'b'\n    replace: '@match'\n    with: '('\n", "x = b\n");
  EXPECT_EQ(made.verdict, Rewrite::Verdict::kLeftOut);
  EXPECT_EQ(made.reason, "would not parse any more");
}

TEST(Rewriter, LeavesAFileThatIsNotUtf8) {
  const Rewrite made =
      rewrite("rules:\n  - name: n\n    regex: 'b'\n    replace: '@match'\n    with: 'c'\n",
              "x = b # \xE9\n");
  EXPECT_EQ(made.verdict, Rewrite::Verdict::kLeftOut);
  EXPECT_EQ(made.reason, "is not encoded in UTF-8");
}

TEST(Rewriter, ChangesTheOuterMatchFirstAndThenTheInner) {
  const Rewrite made = rewrite(
      "rules:\n  - name: n\n    query: |\n      (call function: (identifier) @f\n"
      "        arguments: (argument_list . (_) @x .) (#eq? @f \"old\")) @c\n    replace: '@c'\n"
      "    with: 'new({x})'\n",
      "old(old(old(1)), 2)\nold(old(old(1)))\n");
  EXPECT_EQ(made.text, "old(new(new(1)), 2)\nnew(new(new(1)))\n");
}

const char* const kHoles = R"yaml(rules:
  - name: n
    query: |
      ((call function: (identifier) @f arguments: (_) @a) (#eq? @f "g"))
    replace: "@a"
    kind: hole
    with: "({hole}, {a})"
    must: "[0-9]+"
)yaml";

// Answers what stands in the list, in its order.
Rewrite filled(const std::string& text, const std::vector<HoleAnswer>& answers,
               std::vector<RecipeHole>* asked = nullptr) {
  const auto compiled = CompiledRecipe::compile(*parse_recipe(recipe_with(kHoles), "r.yaml"));
  EXPECT_TRUE(compiled.ok()) << compiled.status().message();
  size_t next = 0;
  const auto fill = [&](std::span<const RecipeHole> holes) {
    std::vector<HoleAnswer> given;
    for (const RecipeHole& hole : holes) {
      if (asked != nullptr) asked->push_back(hole);
      given.push_back(next < answers.size() ? answers[next++] : HoleAnswer{.refusal = "too many"});
    }
    return given;
  };
  return Rewriter(*compiled, fill).rewrite("a.py", text);
}

TEST(Holes, AreAskedWithTheirOwnMatchMadeAndNoOther) {
  std::vector<RecipeHole> asked;
  const Rewrite made = filled("g(x)\nh = g(y)\n", {{.text = "1"}, {.text = "22"}}, &asked);
  EXPECT_EQ(made.text, "g(1, (x))\nh = g(22, (y))\n") << made.reason;
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].text, "g(, (x))\nh = g(y)\n");
  EXPECT_EQ(asked[0].range, (workspace::ByteRange{2, 2}));
  EXPECT_EQ(asked[1].text, "g(x)\nh = g(, (y))\n");
  EXPECT_EQ(asked[1].range, (workspace::ByteRange{11, 11}));
  EXPECT_EQ(asked[1].line, 2);
}

TEST(Holes, StayAsTheyAreWithoutAFitAnswer) {
  const Rewrite made =
      filled("g(x)\ng(y)\ng(z)\n", {{.text = "one"}, {.text = "2"}, {.refusal = "is not known"}});
  EXPECT_EQ(made.text, "g(x)\ng(2, (y))\ng(z)\n");
  ASSERT_EQ(made.left.size(), 2u);
  EXPECT_EQ(made.left[0].line, 1);
  EXPECT_EQ(made.left[0].reason, "got a text that the recipe does not allow");
  EXPECT_EQ(made.left[1].line, 3);
  EXPECT_EQ(made.left[1].reason, "is not known");
  ASSERT_EQ(made.filled.size(), 1u);
  EXPECT_EQ(made.filled[0].line, 2);
}

TEST(Holes, AreListedWhereNobodyAnswers) {
  const auto compiled = CompiledRecipe::compile(*parse_recipe(recipe_with(kHoles), "r.yaml"));
  const Rewrite made = Rewriter(*compiled).rewrite("a.py", "\ng(x)\n");
  EXPECT_EQ(made.verdict, Rewrite::Verdict::kUnchanged);
  ASSERT_EQ(made.open.size(), 1u);
  EXPECT_EQ(made.open[0].line, 2);
}

}  // namespace
}  // namespace rondo::assist
