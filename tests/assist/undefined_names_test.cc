#include "assist/undefined_names.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "assist/fix_name.h"
#include "assist/fix_syntax.h"
#include "assist/similar_names.h"

namespace rondo::assist {
namespace {

class ScenesTest : public testing::Test {
 protected:
  ActionScene scene(const std::string& path, const std::string& text, int64_t at,
                    std::vector<Diagnostic> diagnostics = {}, ActionScene* last = nullptr) {
    auto document = std::make_shared<workspace::Document>();
    document->path = path;
    document->language = &workspace::language_of_file(path, text);
    document->text = std::make_shared<const workspace::Text>(text);
    return make_scene(
        {.document = document, .selection = {at, at}, .diagnostics = std::move(diagnostics)}, {},
        index_, queries_, parser_, {}, last);
  }

  const workspace::BlockIndex index_;
  SceneQueries queries_;
  workspace::Parser parser_;
};

TEST_F(ScenesTest, OneMadeFromAnEarlierOneIsAsANewOne) {
  ActionScene first = scene("a.py", "def f():\n    return 1\n\n\nx = f()\n", 0);
  const std::string text = "def f():\n    return 1\n\n\ndef g():\n    return 2\n\n\nx = f()\n";
  const ActionScene anew = scene("a.py", text, 0);
  ActionScene second = scene("a.py", text, 0, {}, &first);
  const auto sees_all = [&](const ActionScene& one) {
    return one.functions.size() == 2 && one.functions[1].name == anew.functions[1].name &&
           one.names && one.names->bound_at(one.text().size()) == anew.names->bound_at(text.size());
  };
  EXPECT_TRUE(sees_all(second));
  // At another place of the very same text: nothing is read again.
  const ActionScene moved = make_scene({.document = second.query.document, .selection = {40, 40}},
                                       {}, index_, queries_, parser_, {}, &second);
  EXPECT_TRUE(sees_all(moved));
  EXPECT_EQ(moved.function(), &moved.functions[1]);
}

// What each tool says of the name that is marked with <>; without any, of the whole line.
struct Case {
  std::string tool, code, message, path, text, name;
};

TEST_F(ScenesTest, EveryToolsWordsAreUnderstood) {
  const Case cases[] = {
      {"Pyright", "reportUndefinedVariable", "\"lenght\" is not defined", "a.py", "x = <lenght>\n",
       "lenght"},
      {"pyflakes", "", "undefined name 'lenght'", "a.py", "x = <lenght>\n", "lenght"},
      {"Ruff", "F821", "Undefined name `lenght`", "a.py", "x = <lenght>\n", "lenght"},
      {"flake8", "F821", "F821 undefined name 'lenght'", "a.py", "x = <lenght>\n", "lenght"},
      {"pylint", "E0602", "Undefined variable 'lenght'", "a.py", "x = <lenght>\n", "lenght"},
      {"mypy", "name-defined", "Name \"lenght\" is not defined", "a.py", "<x = lenght>\n",
       "lenght"},
      {"mypy", "attr-defined", "\"Box\" has no attribute \"lenght\"", "a.py", "<x = box.lenght>\n",
       "lenght"},
      {"ts", "2304", "Cannot find name 'lenght'.", "a.ts", "let x = <lenght>;\n", "lenght"},
      {"ts", "2552", "Cannot find name 'lenght'. Did you mean 'length'?", "a.ts",
       "let x = <lenght>;\n", "lenght"},
      {"ts", "2551", "Property 'lenght' does not exist on type 'Box'.", "a.ts",
       "let x = box.<lenght>;\n", "lenght"},
      {"eslint", "no-undef", "'lenght' is not defined.", "a.js", "let x = <lenght>;\n", "lenght"},
      {"compiler", "UndeclaredName", "undefined: lenght", "a.go", "package a\n\nvar x = <lenght>\n",
       "lenght"},
      {"clang", "undeclared_var_use", "Use of undeclared identifier 'lenght'", "a.cc",
       "int x = <lenght>;\n", "lenght"},
      {"clang", "unknown_typename", "Unknown type name 'Lenght'", "a.cc", "<Lenght> x;\n",
       "Lenght"},
      {"rustc", "E0425", "cannot find value `lenght` in this scope", "a.rs",
       "fn f() { let x = <lenght>; }\n", "lenght"},
  };
  for (const Case& one : cases) {
    std::string text = one.text;
    const size_t begin = text.find('<');
    text.erase(begin, 1);
    const size_t end = text.find('>');
    text.erase(end, 1);
    Diagnostic diagnostic = {.bytes = {static_cast<int64_t>(begin), static_cast<int64_t>(end)},
                             .message = one.message,
                             .source = one.tool,
                             .code = one.code};
    const auto names =
        undefined_names(scene(one.path, text, static_cast<int64_t>(begin), {diagnostic}));
    ASSERT_EQ(names.size(), 1u) << one.tool << ": " << one.message;
    EXPECT_EQ(names[0].name, one.name) << one.message;
    EXPECT_EQ(names[0].bytes.begin, static_cast<int64_t>(text.find(one.name))) << one.message;
    EXPECT_EQ(names[0].is_member, text.find('.') < text.find(one.name)) << one.message;
  }
}

TEST_F(ScenesTest, OtherDiagnosticsTellOfNoName) {
  for (const char* message :
       {"Expected expression", "'x' is assigned a value but never used", "missing semicolon"}) {
    EXPECT_FALSE(tells_of_undefined_name({.message = message})) << message;
  }
}

TEST_F(ScenesTest, WhatNothingBringsIsFoundWhenSomebodyAsks) {
  const std::string text = "width = 2\nprint(widht)\nprint(width)\n";
  const auto names = undefined_names(scene("a.py", text, 15));
  ASSERT_EQ(names.size(), 1u);
  EXPECT_EQ(names[0].name, "widht");
  EXPECT_EQ(names[0].diagnostic, std::nullopt);
  EXPECT_TRUE(undefined_names(scene("a.py", text, 25)).empty());
}

TEST(EditDistance, CountsWhatATypistDoesWrong) {
  EXPECT_EQ(edit_distance("width", "width", 2), 0);
  EXPECT_EQ(edit_distance("widht", "width", 2), 1);
  EXPECT_EQ(edit_distance("wdth", "width", 2), 1);
  EXPECT_EQ(edit_distance("wiidth", "width", 2), 1);
  EXPECT_EQ(edit_distance("wixth", "width", 2), 1);
  EXPECT_EQ(edit_distance("height", "width", 2), 3);
  EXPECT_EQ(edit_distance("a", "abcdef", 2), 3);
}

// What one sign mends.
TEST_F(ScenesTest, FindsTheSignsThatMendTheSyntax) {
  const std::pair<std::string, std::string> cases[] = {
      {"def f(a, b:\n    return a\n", "def f(a, b):\n    return a\n"},
      {"def f(a, b)\n    return a\n", "def f(a, b):\n    return a\n"},
      {"x = [1, 2\ny = 3\n", "x = [1, 2]\ny = 3\n"},
      {"x = (1, 2))\n", "x = (1, 2)\n"},
      {"x = f(a b)\n", "x = f(a, b)\n"},
      {"x = len items)\n", "x = len( items)\n"},
      {"print('a)\n", "print('a')\n"},
  };
  for (const auto& [broken, whole] : cases) {
    const ActionScene there = scene("a.py", broken, 0);
    const auto fixes = syntax_fixes(there, 0, {});
    ASSERT_TRUE(fixes.ok()) << broken;
    bool found = false;
    for (const TextEdit& fix : *fixes) {
      found = found || there.text().replace(fix.range, fix.with).bytes() == whole;
    }
    EXPECT_TRUE(found) << broken << fixes->size();
  }
  const ActionScene whole = scene("a.py", "x = 1\n", 0);
  EXPECT_EQ(syntax_fixes(whole, 0, {})->size(), 0u);
}

}  // namespace
}  // namespace rondo::assist
