// Refactorings that ask a model, and rondo fix, with the real program; the answers are a script's,
// so that they are the same on every machine.

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "assist/ledger.h"
#include "assist/sandbox.h"
#include "tests/cli/refactor_run.h"

namespace rondo::cli {
namespace {

class RefactorModel : public RefactorRun {
 protected:
  RefactorModel() { say({{{"text", "Return the number one"}}}); }
  void say(const Json& answers) {
    std::ofstream(script()) << dump_json(Json{{"answers", answers}});
  }
  std::string script() const { return user_.home() / "script.json"; }

  std::vector<Json> lines(const Ended& ended) const {
    std::vector<Json> all;
    size_t at = 0;
    for (size_t end; (end = ended.output.find('\n', at)) != std::string::npos; at = end + 1) {
      Result<Json> json = parse_json(ended.output.substr(at, end - at), "a line");
      if (json.ok()) all.push_back(std::move(*json));
    }
    return all;
  }
};

const char* const kBare = "def one():\n    return 1\n";
const char* const kDocumented =
    "def one():\n    \"\"\"Return the number one.\"\"\"\n    return 1\n";

TEST_F(RefactorModel, FillsHolesAndTakesThemBack) {
  folder_.write("a.py", kBare);
  folder_.write("b.py", kDocumented);
  const Files before = tree();
  const Ended made = rondo({"add-docstrings", root(), "--json", "--script", script()});
  EXPECT_EQ(made.code, 0) << made.output;
  Files after = before;
  after["a.py"] = kDocumented;
  EXPECT_EQ(tree(), after);
  ASSERT_FALSE(lines(made).empty()) << made.output;
  EXPECT_EQ(lines(made).back().value("filled", 0), 1) << made.output;
  EXPECT_EQ(rondo({"undo", run_name()}).code, 0);
  EXPECT_EQ(tree(), before);
}

TEST_F(RefactorModel, PlansBlocksTokensAndTimeWithoutAModel) {
  folder_.write("a.py", kBare);
  const Files before = tree();
  // A script that is not there would be an error for whoever asks it.
  const Ended plan = rondo({"add-docstrings", root(), "--plan", "--json", "--script", "/nowhere"});
  EXPECT_EQ(plan.code, 0) << plan.output;
  const std::vector<Json> said = lines(plan);
  ASSERT_EQ(said.size(), 3u) << plan.output;
  EXPECT_EQ(said[0]["event"], "planned");
  EXPECT_EQ(said[0]["blocks"], Json::array({"one"}));
  EXPECT_EQ(said[1]["event"], "forecast");
  EXPECT_EQ(said[1]["holes"], 1);
  EXPECT_GT(said[1]["tokensAround"].get<int>(), 0);
  EXPECT_GT(said[1]["seconds"].get<double>(), 0);
  EXPECT_EQ(rondo({"add-docstrings", root(), "--check"}).code, 1);
  EXPECT_EQ(tree(), before);
}

TEST_F(RefactorModel, LeavesPlacesWithoutAFitAnswer) {
  folder_.write("a.py", kBare);
  say({{{"text", "x"}}});
  const Ended made = rondo({"add-docstrings", root(), "--script", script()});
  EXPECT_EQ(made.code, 2) << made.output;
  EXPECT_EQ(tree()["a.py"], kBare);
  EXPECT_NE(made.output.find("a.py:2: left: "), std::string::npos) << made.output;
}

TEST_F(RefactorModel, ShowsNoFilesWithSecretsToTheModel) {
  folder_.write("a.py", std::string(kBare) + "key = 'AKIAIOSFODNN7EXAMPLQ'\n");
  say({{{"error", "internal: it was asked"}}});
  const Ended made = rondo({"add-docstrings", root(), "--script", script()});
  EXPECT_EQ(made.code, 2) << made.output;
  EXPECT_NE(made.output.find("a.py: left out: holds"), std::string::npos) << made.output;
}

TEST_F(RefactorModel, RefusesInstructionsWithoutAChatModel) {
  folder_.write("a.py", kBare);
  const Ended made = rondo({"use longer names", root(), "--script", script()});
  EXPECT_EQ(made.code, 3) << made.output;
  EXPECT_EQ(tree()["a.py"], kBare);
}

// Killed at 100 moments: the run ends in the old or the new state, and what was answered before the
// kill is not asked again.
TEST_F(RefactorModel, EndsInTheOldOrTheNewStateWhenKilledWhileAsking) {
  for (int i = 0; i < 20; ++i) folder_.write("m" + std::to_string(i) + ".py", kBare);
  const Files before = tree();
  Files after = before;
  for (auto& [path, text] : after) text = kDocumented;
  const std::vector<std::string> words = {"refactor", "add-docstrings", root(),  "--shard",
                                          "2",        "--script",       script()};
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(user_.run(words), 0);
  const auto whole = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(tree(), after);
  std::mt19937 random(7);
  int n_asked_before = 0;
  for (int i = 0; i < 100; ++i) {
    fs::remove_all(runs());
    for (const auto& [path, text] : before) folder_.write(path, text);
    kill_midway(words, whole, random);
    const std::string run = run_name();
    const std::string ledger = runs() / run / "ledger";
    if (run.empty() || !fs::exists(ledger) || fs::file_size(ledger) == 0) {
      ASSERT_EQ(tree(), before);
      continue;
    }
    if (random() % 2 == 0) {
      const Ended undone = rondo({"undo", run});
      ASSERT_EQ(tree(), before) << undone.output;
      continue;
    }
    const Ended resumed = rondo({"--resume", run});
    ASSERT_EQ(tree(), resumed.code == 3 ? before : after) << resumed.output;
    std::set<std::string> answered;
    ASSERT_TRUE(assist::Ledger::read(ledger, [&](const Json& json, std::string_view) -> Status {
                  if (json.value("type", "") != "answer") return {};
                  EXPECT_TRUE(answered.insert(json.value("key", "")).second) << "asked twice";
                  return {};
                }).ok());
    n_asked_before += static_cast<int>(answered.size());
  }
  EXPECT_GT(n_asked_before, 0);
}

TEST_F(RefactorModel, AsksAnewForWhatFailsChecks) {
  if (!assist::sandbox_ready().ok()) GTEST_SKIP() << assist::sandbox_ready().message();
  folder_.write("a.py", kBare);
  say({{{"text", "Return the number two"}, {"times", 1}}, {{"text", "Return the number one"}}});
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  const Ended made = rondo(
      {"add-docstrings", root(), "--script", script(), "--verify", "sh -c '! grep -q two a.py'"});
  EXPECT_EQ(made.code, 0) << made.output;
  EXPECT_EQ(tree()["a.py"], kDocumented);
}

TEST_F(RefactorModel, DocsIsARefactoring) {
  folder_.write("a.py", kBare);
  EXPECT_EQ(command("docs", {root(), "--plan"}).code, 0);
  EXPECT_EQ(command("docs", {root(), "--script", script()}).code, 0);
  EXPECT_EQ(tree()["a.py"], kDocumented);
}

TEST_F(RefactorModel, CallersOfWhatChangesJoinThePlan) {
  folder_.write("recipe.yaml",
                "recipe: r\nabout: Turns arguments round.\nlanguages: [python]\nrules:\n"
                "  - name: call\n    regex: '\\barea\\((?<a>w|1), (?<b>h|2)\\)'\n"
                "    replace: '@match'\n    with: 'area({b}, {a})'\n");
  folder_.write("lib/a.py", "def area(w, h):\n    return w * h\n");
  folder_.write("app/b.py", "from lib.a import area\nprint(area(1, 2))\n");
  folder_.write("app/c.py", "print(3)\n");
  const Ended made = rondo({root() + "/recipe.yaml", root() + "/lib", "--workspace", root()});
  EXPECT_EQ(made.code, 0) << made.output;
  EXPECT_NE(made.output.find("app/b.py: joins the plan"), std::string::npos) << made.output;
  EXPECT_EQ(tree()["app/b.py"], "from lib.a import area\nprint(area(2, 1))\n");
}

class FixCommand : public RefactorModel {
 protected:
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

TEST_F(FixCommand, TakesWhatTheToolProposesFromALog) {
  folder_.write("a.c", "int main(void) {\n  int count = 0;\n  return coutn;\n}\n");
  const std::string log = user_.home() / "log";
  std::ofstream(log) << "a.c:3:10: error: 'coutn' undeclared; did you mean 'count'?\n"
                        "b.c:1:1: error: not there\n";
  const Ended fixed = fix({"--log", log});
  EXPECT_EQ(fixed.code, 1) << fixed.output;
  EXPECT_EQ(tree()["a.c"], "int main(void) {\n  int count = 0;\n  return count;\n}\n");
  EXPECT_EQ(fix({"--log", "/nowhere"}).code, 3);
  EXPECT_EQ(fix({}).code, 3);
}

}  // namespace
}  // namespace rondo::cli
