// Refactorings that ask a model, with the real program; the answers are a script's,
// so that they are the same on every machine.

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "assist/ledger.h"
#include "assist/sandbox.h"
#include "tests/cli/refactor_run.h"

namespace rondo::cli {
namespace {

class RefactorModel : public ScriptedRun {
 protected:
  RefactorModel() { say({{{"text", "Return the number one"}}}); }
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

// What a default and the lack of a result say, what the model holds for likely among known types,
// and nothing that the type checker refuses; that the tree had an error before is no matter.
TEST_F(RefactorModel, AnnotatesWhatTheTypeCheckerTakes) {
  if (!assist::sandbox_ready().ok()) GTEST_SKIP() << assist::sandbox_ready().message();
  if (!fs::exists("/usr/bin/mypy")) GTEST_SKIP() << "no mypy (apt-get install mypy)";
  folder_.write("a.py",
                "def shout(n=1):\n    n = \"x\"\n    print(n)\n\n\n"
                "def repeat(word, times=2):\n    print(word * times)\n");
  folder_.write("b.py", "wrong: int = \"a\"\n");
  Json scores = Json::array();
  for (const std::string type : {"str", "int", "bool", "float", "bytes", "list", "dict", "set",
                                 "tuple", "object", "list[str]", "dict[str,str]"}) {
    scores.push_back(
        {{"scored", "word: " + type + ", times=2):"}, {"logprob", type == "str" ? -0.01 : -9}});
  }
  say(scores);
  const Files before = tree();
  const std::vector<std::string> words = {root(), "--script", script()};
  EXPECT_EQ(command("annotate", {root(), "--plan", "--json"}).code, 0);
  EXPECT_EQ(command("annotate", {root(), "--check"}).code, 1);
  EXPECT_EQ(tree(), before);
  // Nothing of a workspace runs that is not trusted: not checked, its int is wrong.
  EXPECT_EQ(command("annotate", words).code, 0);
  EXPECT_TRUE(tree()["a.py"].starts_with("def shout(n: int=1) -> None:")) << tree()["a.py"];
  EXPECT_EQ(rondo({"undo", run_name()}).code, 0);
  EXPECT_EQ(tree(), before);
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  const Ended made = command("annotate", words);
  EXPECT_EQ(made.code, 1) << made.output;
  EXPECT_NE(made.output.find("a.py:1: left: fails mypy: a.py:2: Incompatible types"),
            std::string::npos)
      << made.output;
  EXPECT_EQ(tree()["a.py"],
            "def shout(n=1) -> None:\n    n = \"x\"\n    print(n)\n\n\n"
            "def repeat(word: str, times: int=2) -> None:\n    print(word * times)\n");
  EXPECT_NE(made.output.find("filled 4 of 5 places"), std::string::npos) << made.output;
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

// Killed while callers join: they are looked at by who resumes the run.
TEST_F(RefactorModel, ResumesWithTheCallersThatHadJoined) {
  folder_.write("recipe.yaml",
                "recipe: r\nabout: Turns arguments round.\nlanguages: [python]\nrules:\n"
                "  - name: call\n    regex: '\\b(?<f>area\\d+)\\((?<a>w|1), (?<b>h|2)\\)'\n"
                "    replace: '@match'\n    with: '{f}({b}, {a})'\n");
  for (int i = 0; i < 5; ++i) {
    const std::string n = std::to_string(i);
    folder_.write("lib/a" + n + ".py", "def area" + n + "(w, h):\n    return w * h\n");
    folder_.write("app/b" + n + ".py",
                  "from lib.a" + n + " import area" + n + "\nprint(area" + n + "(1, 2))\n");
  }
  const Files before = tree();
  const std::vector<std::string> words = {
      "refactor", root() + "/recipe.yaml", root() + "/lib", "--workspace", root(), "--shard", "1"};
  EXPECT_EQ(user_.run(words), 0);
  const Files after = tree();
  EXPECT_EQ(after.at("app/b4.py"), "from lib.a4 import area4\nprint(area4(2, 1))\n");
  const auto ledger = [this] { return (runs() / run_name() / "ledger").string(); };
  const uintmax_t n_whole = fs::file_size(ledger());
  std::mt19937 random(3);
  for (int i = 0; i < 12; ++i) {
    fs::remove_all(runs());
    for (const auto& [path, text] : before) folder_.write(path, text);
    Process process = user_.start(words);
    const uintmax_t n_bytes = random() % n_whole;
    EXPECT_TRUE(soon([&] {
      std::error_code error;
      const uintmax_t n = fs::file_size(ledger(), error);
      return !error && n > n_bytes;
    }));
    process.kill(SIGKILL);
    process.wait();
    if (i % 2 == 0) {
      ASSERT_EQ(rondo({"undo", run_name()}).code, 0);
      ASSERT_EQ(tree(), before);
    } else {
      const Ended resumed = rondo({"--resume", run_name()});
      ASSERT_EQ(resumed.code, 0) << resumed.output;
      ASSERT_EQ(tree(), after);
    }
  }
}

}  // namespace
}  // namespace rondo::cli
