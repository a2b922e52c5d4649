// Instructions, with the real program; a chat model's answers are a script's.

#include <gtest/gtest.h>

#include "tests/assist/chat_model.h"
#include "tests/cli/refactor_run.h"

namespace rondo::cli {
namespace {

class RefactorInstruct : public ScriptedRun {
 protected:
  Ended instruct(std::vector<std::string> words) const {
    words.insert(words.end(), {root(), "--script", script(), "--model", model_.path()});
    return rondo(std::move(words));
  }

  const assist::ChatModelFolder model_;
};

std::string function(const std::string& name) { return "def " + name + "():\n    return 1\n"; }
std::string typed(const std::string& name) { return "def " + name + "() -> int:\n    return 1\n"; }
std::string fenced(const std::string& code) { return "```python\n" + code + "```"; }
// An answer to the question about the one Block of a file.
Json answer(const std::string& path, const std::string& text) {
  return {{"when", {"add types", "the whole code of " + path + " above"}}, {"text", text}};
}

TEST_F(RefactorInstruct, KeepsFitAnswersAndSaysWhyOthersAreLeft) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    folder_.write(std::string(name) + ".py", function(name));
  }
  const Files before = tree();
  Json repaired = answer("c.py", fenced(typed("c")));
  repaired["when"].push_back("could not be used");
  say({answer("a.py", fenced(typed("a"))),
       answer("b.py", "Sure, here it is:\n\n" + fenced(typed("b")) + "\n\nAnything else?"),
       repaired, answer("c.py", fenced("def c( -> int:\n    return 1\n")),
       answer("d.py", fenced("def d( -> int:\n    return 1\n")), answer("e.py", "")});
  const Ended made = instruct({"add types of results"});
  EXPECT_EQ(made.code, 1) << made.output;
  Files after = before;
  for (const char* name : {"a", "b", "c"}) after[std::string(name) + ".py"] = typed(name);
  EXPECT_EQ(tree(), after);
  EXPECT_NE(made.output.find("d.py:1: left: got no text: the answer is not python that parses"),
            std::string::npos)
      << made.output;
  EXPECT_NE(made.output.find("e.py:1: left: got no text: "), std::string::npos) << made.output;
  EXPECT_NE(made.output.find("filled 3 of 5 places"), std::string::npos) << made.output;
  EXPECT_EQ(rondo({"undo", run_name()}).code, 0);
  EXPECT_EQ(tree(), before);
}

// What an answer gives back as it was is nothing to tell of; of depth 1 nothing is asked anew.
TEST_F(RefactorInstruct, LeavesBlocksThatAnInstructionIsNotAbout) {
  folder_.write("a.py", function("a"));
  say(Json::array({answer("a.py", fenced(function("a")))}));
  const Ended same = instruct({"add types of results"});
  EXPECT_EQ(same.code, 2) << same.output;
  EXPECT_EQ(same.output.find("left:"), std::string::npos) << same.output;
  Json repaired = answer("a.py", fenced(typed("a")));
  repaired["when"].push_back("could not be used");
  say({repaired, answer("a.py", "I cannot do that.")});
  EXPECT_EQ(instruct({"add types of results", "--depth", "1"}).code, 2);
  EXPECT_EQ(tree()["a.py"], function("a"));
  EXPECT_EQ(instruct({"add types of results", "--depth", "2"}).code, 0);
  EXPECT_EQ(tree()["a.py"], typed("a"));
}

TEST_F(RefactorInstruct, IsAKindOfEditInRecipes) {
  folder_.write("src/a.py", function("a") + "\n\n" + function("other"));
  folder_.write("typed.yaml",
                "recipe: typed\nabout: Types.\nlanguages: [python]\nrules:\n  - name: result\n"
                "    query: '((function_definition name: (identifier) @n) @f (#eq? @n \"a\"))'\n"
                "    kind: instruct\n    replace: '@f'\n    instruction: add types of results\n");
  say(Json::array({answer("src/a.py", fenced(typed("a")))}));
  const Ended made = rondo({root() + "/typed.yaml", root() + "/src", "--workspace", root(),
                            "--script", script(), "--model", model_.path()});
  EXPECT_EQ(made.code, 0) << made.output;
  EXPECT_EQ(tree()["src/a.py"], typed("a") + "\n\n" + function("other"));
}

TEST_F(RefactorInstruct, RefusesAModelThatCannotChat) {
  folder_.write("a.py", function("a"));
  say({{{"error", "internal: it was asked"}}});
  const Ended made = rondo({"add types of results", root(), "--script", script()});
  EXPECT_EQ(made.code, 3) << made.output;
  EXPECT_EQ(tree()["a.py"], function("a"));
}

}  // namespace
}  // namespace rondo::cli
