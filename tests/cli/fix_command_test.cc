// rondo fix with the real program and real tools; what a model would answer is a script's.

#include <gtest/gtest.h>

#include <random>

#include "assist/sandbox.h"
#include "tests/cli/refactor_run.h"

namespace rondo::cli {
namespace {

class FixCommand : public ScriptedRun {
 protected:
  FixCommand() { say({{{"text", "no code"}}}); }
  void SetUp() override {
    if (!assist::sandbox_ready().ok()) GTEST_SKIP() << assist::sandbox_ready().message();
  }
  Ended fix(std::vector<std::string> words) const {
    std::vector<std::string> all = {"--workspace", root(), "--script", script()};
    all.insert(all.end(), words.begin(), words.end());
    return command("fix", all);
  }
};

const char* const kWrong = "def total(prices):\n    return sun(prices)\n\n\nprint(total([1, 2]))\n";
const char* const kRight = "def total(prices):\n    return sum(prices)\n\n\nprint(total([1, 2]))\n";

TEST_F(FixCommand, RunsOnlyInTrustedWorkspaces) {
  folder_.write("a.py", kWrong);
  EXPECT_EQ(fix({"--", "python3", "a.py"}).code, 3);
  EXPECT_EQ(tree()["a.py"], kWrong);
}

TEST_F(FixCommand, KeepsWhatMakesTheCommandPass) {
  folder_.write("a.py", kWrong);
  say({{{"text", "return sum(prices)"}}});
  const Files before = tree();
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  EXPECT_EQ(fix({"--check", "--", "python3", "a.py"}).code, 1);
  const Ended fixed = fix({"--", "python3", "a.py"});
  EXPECT_EQ(fixed.code, 0) << fixed.output;
  EXPECT_EQ(tree()["a.py"], kRight);
  EXPECT_EQ(fix({"--", "python3", "a.py"}).code, 0);
  EXPECT_EQ(rondo({"undo", run_name()}).code, 0);
  EXPECT_EQ(tree(), before);
}

TEST_F(FixCommand, LeavesWhatNothingMakesBetter) {
  folder_.write("a.py", "def total(prices):\n    return zebra(prices)\n\n\nprint(total([1]))\n");
  say({{{"text", "return zebra(prices, 1)"}}});
  const Files before = tree();
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  const Ended fixed = fix({"--", "python3", "a.py"});
  EXPECT_EQ(fixed.code, 2) << fixed.output;
  EXPECT_EQ(tree(), before);
}

// Real tools, without a model: a compiler, a linter that also tells of what nothing mends, tests.
TEST_F(FixCommand, MendsWhatRealToolsTellOf) {
  if (!fs::exists("/usr/bin/pyflakes3")) GTEST_SKIP() << "no pyflakes3 (apt-get install pyflakes3)";
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  folder_.write("shape.py", "def area(width, height:\n    return width * height\n");
  const Ended compiled =
      fix({"--no-model", "--", "python3", "-m", "compileall", "-q", "-f", "shape.py"});
  EXPECT_EQ(compiled.code, 0) << compiled.output;
  EXPECT_EQ(tree()["shape.py"], "def area(width, height):\n    return width * height\n");

  folder_.write("shape.py", "import os\n\n\ndef area(width, height):\n    return widht * height\n");
  const Ended linted = fix({"--no-model", "--", "pyflakes3", "shape.py"});
  EXPECT_EQ(linted.code, 1) << linted.output;
  const std::string linted_text =
      "import os\n\n\ndef area(width, height):\n    return width * height\n";
  EXPECT_EQ(tree()["shape.py"], linted_text);

  folder_.write("shape.py", "def area(width, height):\n    return width * heigth\n");
  folder_.write("test_shape.py",
                "import unittest\nfrom shape import area\n\n\nclass T(unittest.TestCase):\n"
                "    def test_area(self):\n        self.assertEqual(area(2, 3), 6)\n");
  const Ended tested = fix({"--no-model", "--", "python3", "-m", "unittest", "-q"});
  EXPECT_EQ(tested.code, 0) << tested.output;
  EXPECT_EQ(tree()["shape.py"], "def area(width, height):\n    return width * height\n");
}

// Neither a command that never ends nor an edit that makes one never end is kept.
TEST_F(FixCommand, KeepsNothingThatHangs) {
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  folder_.write("a.py", kWrong);
  say({{{"text", "return sum(prices)"}}});
  EXPECT_EQ(fix({"--seconds", "1", "--", "sleep", "100"}).code, 2);
  const Ended hung =
      fix({"--seconds", "1", "--", "sh", "-c", "grep -q sum a.py && sleep 100; python3 a.py"});
  EXPECT_EQ(hung.code, 2) << hung.output;
  EXPECT_EQ(tree()["a.py"], kWrong);
}

// Killed anywhere: what was better by then is made and can be taken back; another run does the
// rest.
TEST_F(FixCommand, LeavesWhatWasBetterWhenKilled) {
  if (!fs::exists("/usr/bin/pyflakes3")) GTEST_SKIP() << "no pyflakes3 (apt-get install pyflakes3)";
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  for (int i = 0; i < 3; ++i) {
    folder_.write("m" + std::to_string(i) + ".py",
                  "def area(width, height):\n    return widht * height\n\n\n"
                  "def edge(width, height):\n    return width + heigth\n");
  }
  const Files before = tree();
  const std::vector<std::string> words = {
      "fix", "--workspace", root(), "--no-model", "--script", script(), "--", "pyflakes3", "."};
  say(Json::array());
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(user_.run(words), 0);
  const auto whole = std::chrono::steady_clock::now() - begin;
  const Files after = tree();
  std::mt19937 random(2);
  int n_partly = 0;
  for (int i = 0; i < 12; ++i) {
    fs::remove_all(runs());
    for (const auto& [path, text] : before) folder_.write(path, text);
    kill_midway(words, whole, random);
    const std::string run = run_name();
    n_partly += tree() != before && tree() != after ? 1 : 0;
    if (run.empty() || !fs::exists(runs() / run / "ledger") ||
        fs::file_size(runs() / run / "ledger") == 0) {
      ASSERT_EQ(tree(), before);
    } else if (i % 3 == 0) {
      const Ended resumed = rondo({"--resume", run});
      ASSERT_TRUE(resumed.code == 0 || tree() == before) << resumed.output;
      ASSERT_EQ(user_.run(words), 0);
      ASSERT_EQ(tree(), after);
    } else {
      ASSERT_NE(rondo({"undo", run}).code, 3);
      ASSERT_EQ(tree(), before);
    }
  }
  EXPECT_GT(n_partly, 0) << "every kill came before or after the edits";
}

TEST_F(FixCommand, TakesWhatTheToolProposesFromALog) {
  folder_.write("a.c", "int main(void) {\n  int count = 0;\n  return coutn;\n}\n");
  const std::string log = user_.home() / "log";
  std::ofstream(log) << "a.c:3:10: error: 'coutn' undeclared; did you mean 'count'?\n"
                        "b.c:1:1: error: not there\n"
                     << std::string(5 << 20, '-') << "\n";
  const Ended fixed = fix({"--log", log});
  EXPECT_EQ(fixed.code, 1) << fixed.output;
  EXPECT_EQ(tree()["a.c"], "int main(void) {\n  int count = 0;\n  return count;\n}\n");
  EXPECT_EQ(fix({"--log", "/nowhere"}).code, 3);
  EXPECT_EQ(fix({}).code, 3);
}

}  // namespace
}  // namespace rondo::cli
