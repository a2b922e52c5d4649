// The real program over real trees: exit codes, what is left alone, and that a run that is killed
// at any moment can be finished or taken back.

#include <gtest/gtest.h>

#include <random>

#include "assist/sandbox.h"
#include "tests/cli/refactor_run.h"

namespace rondo::cli {
namespace {

using RefactorCommand = RefactorRun;

const char* const kOld = "from typing import List\ndef f(x: List[int]) -> None: ...\n";
const char* const kNew = "def f(x: list[int]) -> None: ...\n";

TEST_F(RefactorCommand, ChangesFilesAndTakesThemBack) {
  folder_.write("src/a.py", kOld);
  folder_.write("src/b.py", "x = 1\n");
  folder_.write("build/c.py", kOld);
  folder_.write(".gitignore", "build/\n");
  const Files before = tree();
  EXPECT_EQ(rondo({"typing-modernise", root(), "--plan"}).code, 0);
  EXPECT_EQ(rondo({"typing-modernise", root(), "--check"}).code, 1);
  EXPECT_EQ(tree(), before);
  const Ended made = rondo({"typing-modernise", root()});
  EXPECT_EQ(made.code, 0) << made.output;
  Files after = before;
  after["src/a.py"] = kNew;
  EXPECT_EQ(tree(), after);
  EXPECT_EQ(rondo({"undo", run_name()}).code, 0);
  EXPECT_EQ(tree(), before);
}

TEST_F(RefactorCommand, HasExitCodesForScripts) {
  folder_.write("a.py", kOld);
  EXPECT_EQ(rondo({"no-such-recipe", root()}).code, 3);
  EXPECT_EQ(rondo({"typing-modernise", root() + "/nowhere"}).code, 3);
  EXPECT_EQ(rondo({"typing-modernise", root(), "--sharp"}).code, 3);
  EXPECT_EQ(rondo({"undo", "never"}).code, 3);
  EXPECT_EQ(rondo({"typing-modernise", root()}).code, 0);
  EXPECT_EQ(rondo({"typing-modernise", root()}).code, 2);  // nothing is left to do
  EXPECT_EQ(rondo({"typing-modernise", root(), "--check"}).code, 0);
  folder_.write("b.py", std::string(kOld) + "class A:\n    def list(self) -> None: ...\n");
  folder_.write("c.py", kOld);
  EXPECT_EQ(rondo({"typing-modernise", root()}).code, 1);
}

TEST_F(RefactorCommand, TellsInJsonLines) {
  folder_.write("a.py", kOld);
  folder_.write("b.py", std::string(kOld) + "list = 1\n");
  const Ended made = rondo({"typing-modernise", root(), "--json", "--check"});
  std::vector<std::string> events;
  size_t at = 0;
  for (size_t end; (end = made.output.find('\n', at)) != std::string::npos; at = end + 1) {
    const auto json = parse_json(made.output.substr(at, end - at), "a line");
    ASSERT_TRUE(json.ok()) << made.output;
    events.push_back((*json)["event"].get<std::string>() + " " + json->value("path", ""));
  }
  EXPECT_EQ(events, (std::vector<std::string>{"changed a.py", "left b.py", "end "}));
}

TEST_F(RefactorCommand, ReportsInMarkdown) {
  folder_.write("a.py", kOld);
  folder_.write("b.py", std::string(kOld) + "list = 1\n");
  const std::string path = user_.home() / "report.md";
  EXPECT_EQ(rondo({"typing-modernise", root(), "--report", path}).code, 1);
  std::ifstream stream(path);
  const std::string report{std::istreambuf_iterator<char>(stream), {}};
  for (const char* part : {"# typing-modernise", "1 of 2 files changed", "rondo refactor undo ",
                           "## Left as it was\n\n- b.py: ", "### a.py", "-def f(x: List[int])",
                           "+def f(x: list[int])"}) {
    EXPECT_NE(report.find(part), std::string::npos) << part << "\n" << report;
  }
}

// On a terminal: how far, what became of the files, how fast, and how long it will still take.
TEST_F(RefactorCommand, ShowsItsProgressOnATerminal) {
  if (!fs::exists("/usr/bin/script")) GTEST_SKIP() << "no script (apt-get install bsdutils)";
  folder_.write("a.py", kOld);
  folder_.write("b.py", kOld);
  Process process(
      {"/usr/bin/script", "-qec",
       std::string(RONDO_BINARY) + " refactor typing-modernise --check " + root(), "/dev/null"},
      user_.environment());
  const std::string output = process.read_all();
  EXPECT_EQ(process.wait(), 1) << output;
  EXPECT_NE(output.find("[####################] 2/2 files, 2 changed, 0 left, "), output.npos)
      << output;
  EXPECT_NE(output.find(" files/s, 0 s to go"), output.npos) << output;
}

TEST_F(RefactorCommand, WritesAPatchThatGitApplies) {
  folder_.write("a.py", kOld);
  folder_.write("b/c.py", std::string("\n") + kOld);
  const std::string patch = user_.home() / "all.patch";
  EXPECT_EQ(rondo({"typing-modernise", root(), "--patch", patch}).code, 0);
  EXPECT_EQ(tree()["a.py"], kOld);
  EXPECT_EQ(rondo({"typing-modernise", root(), "--patch", "/no/such/folder"}).code, 3);
  EXPECT_EQ(std::system(("cd '" + root() + "' && git apply '" + patch + "'").c_str()), 0);
  EXPECT_EQ(tree(), (Files{{"a.py", kNew}, {"b/c.py", std::string("\n") + kNew}}));
}

TEST_F(RefactorCommand, RefusesATreeWithChangesUnlessTold) {
  folder_.write("a.py", kOld);
  const std::string git = "cd '" + root() + "' && git -c user.name=a -c user.email=a@b ";
  ASSERT_EQ(std::system((git + "init -q && git add . && git -c user.name=a -c user.email=a@b "
                               "commit -qm a && echo >> a.py")
                            .c_str()),
            0);
  EXPECT_EQ(rondo({"typing-modernise", root()}).code, 3);
  EXPECT_EQ(tree()["a.py"], std::string(kOld) + "\n");
  EXPECT_EQ(rondo({"typing-modernise", root(), "--dirty"}).code, 0);
  EXPECT_EQ(tree()["a.py"], std::string(kNew) + "\n");
}

// Globs, what a diff of git names, and both; what they cannot mean is said in a sentence.
TEST_F(RefactorCommand, ChangesWhatGlobsAndGitsDiffsName) {
  for (const char* path : {"src/a.py", "src/deep/b.py", "src/deep/c.txt", "src/out.py", "d.py"}) {
    folder_.write(path, kOld);
  }
  folder_.write(".gitignore", "out.py\n");
  const std::string git = "cd '" + root() + "' && git -c user.name=a -c user.email=a@b ";
  const auto shell = [&](const std::string& words) { return std::system((git + words).c_str()); };
  ASSERT_EQ(shell("init -q -b main && git add ."), 0);
  ASSERT_EQ(shell("commit -qm first"), 0);
  const auto would_change = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"typing-modernise", "--check", "--json"});
    const Ended ended = rondo(words);
    std::string paths;
    for (const char* path : {"src/a.py", "src/deep/b.py", "src/out.py", "d.py"}) {
      if (ended.output.find("\"path\":\"" + std::string(path)) != std::string::npos) {
        paths += std::string(path) + " ";
      }
    }
    return std::to_string(ended.code) + " " + paths;
  };
  EXPECT_EQ(would_change({root() + "/src/**/*.py"}), "1 src/a.py src/deep/b.py ");
  EXPECT_EQ(would_change({root() + "/src/*.py"}), "1 src/a.py ");
  EXPECT_EQ(would_change({root() + "/?.py"}), "1 d.py ");
  EXPECT_EQ(would_change({root() + "/src/*.rs"}), "3 ");
  EXPECT_EQ(would_change({root() + "/nowhere/*.py"}), "3 ");

  folder_.write("src/a.py", std::string(kOld) + "x = 1\n");
  EXPECT_EQ(would_change({root(), "--changed", "HEAD"}), "1 src/a.py ");
  EXPECT_EQ(would_change({root() + "/src/deep", "--changed", "HEAD"}), "0 ");
  ASSERT_EQ(shell("checkout -q -b topic"), 0);
  ASSERT_EQ(shell("commit -qam second"), 0);
  fs::remove(root() + "/d.py");
  EXPECT_EQ(would_change({"--workspace", root(), "--changed", "HEAD~1"}), "1 src/a.py ");
  EXPECT_EQ(would_change({"--workspace", root(), "--changed", "main...topic"}), "1 src/a.py ");
  EXPECT_EQ(would_change({"--workspace", root(), "--changed", "HEAD"}), "0 ");
  EXPECT_EQ(would_change({root(), "--changed", "no-such-revision"}), "3 ");
  EXPECT_EQ(rondo({"typing-modernise"}).code, 3);
  fs::remove_all(root() + "/.git");
  EXPECT_EQ(would_change({"--workspace", root(), "--changed", "HEAD"}), "3 ");
}

// What a repository's tools do is run in a copy, once the user trusts it; what fails is left out.
TEST_F(RefactorCommand, LeavesOutWhatFailsChecksInTrustedTrees) {
  if (!assist::sandbox_ready().ok()) GTEST_SKIP() << assist::sandbox_ready().message();
  folder_.write("a.py", kOld);
  folder_.write("b.py", std::string(kOld) + "bad = 1\n");
  folder_.write("check.sh", "! grep -l bad $(grep -L 'typing' *.py)\n");
  const std::vector<std::string> words = {"typing-modernise", root(), "--verify", "sh check.sh"};
  const Files before = tree();
  EXPECT_EQ(rondo(words).code, 3) << "an untrusted tree's program was run";
  EXPECT_EQ(tree(), before);
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  const Ended made = rondo(words);
  EXPECT_EQ(made.code, 1) << made.output;
  EXPECT_NE(made.output.find("b.py: left out: fails sh: b.py"), std::string::npos) << made.output;
  Files after = before;
  after["a.py"] = kNew;
  EXPECT_EQ(tree(), after);
  EXPECT_TRUE(fs::is_empty(user_.home() / "cache/rondo/checks")) << "the copy was left";
}

TEST_F(RefactorCommand, RemovesTheCopyOfARunThatWasKilled) {
  if (!assist::sandbox_ready().ok()) GTEST_SKIP() << assist::sandbox_ready().message();
  folder_.write("a.py", kOld);
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  const fs::path copies = user_.home() / "cache/rondo/checks";
  std::error_code none_yet;
  Process killed = user_.start({"refactor", "typing-modernise", root(), "--verify", "sleep 60"});
  for (int i = 0;
       i < 30'000 && fs::directory_iterator(copies, none_yet) == fs::directory_iterator(); ++i) {
    ::usleep(1000);
  }
  killed.kill(SIGKILL);
  killed.wait();
  ASSERT_FALSE(fs::is_empty(copies));
  EXPECT_EQ(rondo({"typing-modernise", root(), "--verify", "true"}).code, 0);
  EXPECT_TRUE(fs::is_empty(copies));
}

TEST_F(RefactorCommand, CommitsShardByShard) {
  const auto git = [&](const std::string& arguments) {
    return std::system(("cd '" + root() + "' && " + arguments).c_str());
  };
  for (const char* name : {"a.py", "b.py", "c.py"}) folder_.write(name, kOld);
  folder_.write("other", "x");
  ASSERT_EQ(git("git init -q && git config user.name A && git config user.email a@b && git add . "
                "&& git commit -qm first"),
            0);
  const std::vector<std::string> words = {"typing-modernise", root(), "--shard", "2", "--commit"};
  folder_.write("other", "y");
  ASSERT_EQ(git("git add other"), 0);
  EXPECT_EQ(rondo({"typing-modernise", root(), "--commit", "--dirty"}).code, 3) << "staged changes";
  ASSERT_EQ(git("git reset -q --hard"), 0);
  EXPECT_EQ(rondo(words).code, 0);
  EXPECT_EQ(git("test \"$(git log --format=%s)\" = 'typing-modernise: change a file\n"
                "typing-modernise: change 2 files\nfirst'"),
            0);
  EXPECT_EQ(git("test -z \"$(git status --porcelain)\""), 0);
}

// A project with logging in each of its 37 files: annotations, aliases, loggers that are handed on.
// Its own type checker and tests decide, before and after.
TEST_F(RefactorCommand, TurnsAWholeProjectsLoggingIntoStructlog) {
  if (!assist::sandbox_ready().ok()) GTEST_SKIP() << assist::sandbox_ready().message();
  const auto python = [](const std::string& code) {
    return std::system(("/usr/bin/python3 -c '" + code + "' 2> /dev/null").c_str()) == 0;
  };
  if (!python("import mypy")) GTEST_SKIP() << "no mypy (apt-get install mypy)";
  if (!python("import pytest, structlog")) GTEST_SKIP() << "no python3-pytest, python3-structlog";
  fs::copy(fs::path(RONDO_SOURCE_DIR) / "tests/fixtures/parcels", root(),
           fs::copy_options::recursive);
  ASSERT_EQ(user_.run({"trust", root()}), 0);
  const std::vector<std::string> words = {
      "python-logging-to-structlog",         root(),     "--verify",
      "/usr/bin/python3 -m mypy --strict .", "--verify", "/usr/bin/python3 -m pytest -q"};
  const Ended made = rondo(words);
  EXPECT_EQ(made.code, 0) << made.output;
  EXPECT_NE(made.output.find("37 of 37 files changed"), std::string::npos) << made.output;
  std::printf("%s", made.output.substr(made.output.find("37 of 37")).c_str());
  for (const auto& [path, text] : tree()) {
    EXPECT_EQ(text.find("logging.Logger"), std::string::npos) << path;
    EXPECT_EQ(text.find("extra="), std::string::npos) << path;
  }
  EXPECT_EQ(rondo({"python-logging-to-structlog", root(), "--check"}).code, 0) << "not idempotent";
}

// Killed between edits and commits: what was resumed is committed, to the last file.
// The file and what says something of it may be far from each other; of both only one is named.
TEST_F(RefactorCommand, LeavesALoggerThatATestMocksBySpecification) {
  const std::string logger = "import logging\nlog = logging.getLogger(__name__)\n";
  folder_.write("src/pkg/a.py", logger);
  folder_.write("src/pkg/b.py", logger);
  folder_.write("tests/test_a.py", "@mock.patch('pkg.a.log', autospec=True)\ndef test(log): ...\n");
  const Ended made = rondo({"python-logging-to-structlog", root() + "/src", "--workspace", root()});
  EXPECT_EQ(made.code, 1);
  EXPECT_NE(made.output.find("a test mocks by its specification"), std::string::npos)
      << made.output;
  EXPECT_EQ(tree()["src/pkg/a.py"], logger);
  EXPECT_NE(tree()["src/pkg/b.py"], logger);
}

TEST_F(RefactorCommand, CommitsAllThatAKilledRunHasChanged) {
  for (int i = 0; i < 20; ++i) folder_.write("m" + std::to_string(i) + ".py", kOld);
  const auto git = [&](const std::string& words) {
    return std::system(("cd '" + root() + "' && " + words).c_str());
  };
  ASSERT_EQ(git("git init -q && git config user.name A && git config user.email a@b && git add . "
                "&& git commit -qm first"),
            0);
  const std::vector<std::string> words = {"refactor", "typing-modernise", root(), "--shard",
                                          "1",        "--commit"};
  std::mt19937 random(5);
  for (int i = 0; i < 20; ++i) {
    fs::remove_all(runs());
    ASSERT_EQ(git("rm -f .git/*.lock .git/refs/heads/*.lock; git checkout -q -f $(git rev-list "
                  "--max-parents=0 HEAD)"),
              0);
    Process process = user_.start(words);
    const uintmax_t n_bytes = random() % 3000;  // of a ledger of about 8,000
    EXPECT_TRUE(soon([&] {
      std::error_code error;
      const uintmax_t n = fs::file_size(runs() / run_name() / "ledger", error);
      return !error && n > n_bytes;
    }));
    process.kill(SIGKILL);
    process.wait();
    // git's own lock of the killed process stays, as that of any killed git does.
    ASSERT_EQ(git("find .git -name '*.lock' -delete"), 0);
    const Ended resumed = rondo({"--resume", run_name()});
    ASSERT_NE(resumed.code, 3) << resumed.output;
    EXPECT_EQ(git("test -z \"$(git status --porcelain)\""), 0);
    EXPECT_EQ(tree()["m7.py"], kNew);
  }
}

// Killed at 100 moments spread over a whole run's time.
TEST_F(RefactorCommand, EndsInTheOldOrTheNewStateWhenKilled) {
  for (int i = 0; i < 40; ++i) folder_.write("m" + std::to_string(i) + ".py", kOld);
  const Files before = tree();
  Files after = before;
  for (auto& [path, text] : after) text = kNew;
  const std::vector<std::string> words = {"refactor", "typing-modernise", root(), "--shard", "1"};
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(user_.run(words), 0);
  const auto whole = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(tree(), after);

  std::mt19937 random(11);
  int n_partly = 0;
  for (int i = 0; i < 100; ++i) {
    fs::remove_all(runs());
    for (const auto& [path, text] : before) folder_.write(path, text);
    kill_midway(words, whole, random);
    n_partly += tree() != before && tree() != after ? 1 : 0;
    const std::string run = run_name();
    if (run.empty() || !fs::exists(runs() / run / "ledger") ||
        fs::file_size(runs() / run / "ledger") == 0) {
      ASSERT_EQ(tree(), before);
    } else if (random() % 2 == 0) {
      const Ended undone = rondo({"undo", run});
      ASSERT_EQ(tree(), before) << undone.output;
    } else {
      const Ended resumed = rondo({"--resume", run});
      if (resumed.code == 3) {
        ASSERT_EQ(tree(), before) << resumed.output;
      } else {
        ASSERT_EQ(tree(), after) << resumed.output;
      }
    }
  }
  EXPECT_GT(n_partly, 0) << "every kill came before or after the edits";
}

}  // namespace
}  // namespace rondo::cli
