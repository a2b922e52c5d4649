// Which edits a tree keeps, with real programs as checks.

#include "assist/checked_tree.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/workspace/temporary_folder.h"

namespace rondo::assist {
namespace {

TEST(Commands, AreSplitWithoutAShell) {
  const auto words = command_words(" pytest  -k 'a b'\t\"c'd\"e '' $HOME;");
  ASSERT_TRUE(words.ok());
  EXPECT_EQ(*words, (std::vector<std::string>{"pytest", "-k", "a b", "c'de", "", "$HOME;"}));
  EXPECT_FALSE(command_words("a 'b").ok());
  EXPECT_FALSE(command_words("  ").ok());
  EXPECT_EQ(check_of("/usr/bin/mypy --strict")->name, "mypy");
}

TEST(TreeCopy, RemovesThoseOfProcessesThatAreGone) {
  const workspace::TemporaryFolder folder;
  folder.write("tree/a", "a");
  const auto copy = [&] {
    return TreeCopy::make(folder.path() / "tree", {"a"}, folder.path() / "copies");
  };
  const auto n_copies = [&] {
    const std::filesystem::directory_iterator all(folder.path() / "copies");
    return std::distance(begin(all), end(all));
  };
  Result<TreeCopy> mine = copy();
  ASSERT_TRUE(mine.ok()) << mine.status().message();
  const pid_t child = ::fork();
  if (child == 0) {
    const Result<TreeCopy> left = copy();
    ::_exit(left.ok() ? 0 : 1);  // as one that is killed: nothing is removed
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(n_copies(), 2);
  const Result<TreeCopy> next = copy();
  ASSERT_TRUE(next.ok()) << next.status().message();
  EXPECT_EQ(n_copies(), 2);
  EXPECT_TRUE(std::filesystem::exists(mine->folder() + "/a"));
  EXPECT_TRUE(std::filesystem::exists(next->folder() + "/a"));
}

class CheckedTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    const Status ready = sandbox_ready();
    if (!ready.ok()) GTEST_SKIP() << ready.message();
    for (const char* name : {"a", "b", "c", "d", "e"})
      folder_.write("tree/" + file(name), "good\n");
  }
  static std::string file(const std::string& name) { return "in/" + name + ".txt"; }
  std::string root() const { return folder_.path() / "tree"; }
  Result<CheckedTree> open(const std::vector<Check>& checks) const {
    CheckedTreeOptions options{.root = root(),
                               .paths = {file("a"), file("b"), file("c"), file("d"), file("e")},
                               .parent = folder_.path() / "copies",
                               .checks = checks,
                               .readable = {}};
    return CheckedTree::open(std::move(options));
  }
  std::string text(const std::string& name) const {
    std::ifstream stream(folder_.path() / "tree" / file(name));
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  const workspace::TemporaryFolder folder_;
};

// Passes when no file below the folder has the word.
Check without(const std::string& word) {
  return {.name = "words", .words = {"sh", "-c", "! grep -r " + word + " ."}};
}

std::vector<std::string> paths_of(const std::vector<LeftFile>& left) {
  std::vector<std::string> paths;
  for (const LeftFile& file : left) paths.push_back(file.path);
  return paths;
}

TEST_F(CheckedTreeTest, LeavesOutOnlyTheFilesThatFail) {
  auto tree = open({without("bad")});
  ASSERT_TRUE(tree.ok()) << tree.status().message();
  const std::vector<FileEdit> edits = {{file("a"), "good\n", "better\n"},
                                       {file("b"), "good\n", "bad\n"},
                                       {file("c"), "good\n", "better\n"},
                                       {file("d"), "good\n", "bad too\n"},
                                       {file("e"), "good\n", "better\n"}};
  const auto left = tree->keep(edits);
  ASSERT_TRUE(left.ok()) << left.status().message();
  EXPECT_EQ(paths_of(*left), (std::vector<std::string>{file("b"), file("d")}));
  EXPECT_EQ((*left)[0].reason, "fails words: ./in/b.txt:bad");
  EXPECT_EQ(text("a"), "good\n") << "the tree itself was changed";
  // What was left out is not in the way of what comes later.
  EXPECT_TRUE(tree->keep(std::vector<FileEdit>{{file("b"), "good\n", "fine\n"}})->empty());
}

// Two edits that pass only together are kept together.
TEST_F(CheckedTreeTest, ChecksAGroupAsAWhole) {
  auto tree = open({{.name = "same", .words = {"cmp", file("a"), file("b")}}});
  ASSERT_TRUE(tree.ok()) << tree.status().message();
  const std::vector<FileEdit> both = {{file("a"), "good\n", "new\n"},
                                      {file("b"), "good\n", "new\n"}};
  EXPECT_TRUE(tree->keep(both)->empty());
  EXPECT_EQ(tree->keep(std::vector<FileEdit>{{file("a"), "new\n", "newer\n"}})->size(), 1u);
}

TEST_F(CheckedTreeTest, EndsACheckThatHangs) {
  Check hangs{.name = "waits",
              .words = {"sh", "-c", "if grep -q slow in/c.txt; then sleep 1000; fi"}};
  hangs.time = std::chrono::seconds(1);
  auto tree = open({hangs});
  ASSERT_TRUE(tree.ok()) << tree.status().message();
  const auto left = tree->keep(std::vector<FileEdit>{{file("c"), "good\n", "slow\n"}});
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ((*left)[0].reason, "waits did not end within 1 s");
}

TEST_F(CheckedTreeTest, RefusesWhatFailsWithoutAnyEdit) {
  const auto tree = open({without("good")});
  ASSERT_FALSE(tree.ok());
  EXPECT_NE(tree.status().message().find("without any edit the tree fails words"),
            std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "copies")) << "a copy was left";
}

// Whatever a check does, it does to the copy.
TEST_F(CheckedTreeTest, KeepsTheTreeFromChecks) {
  auto tree = open({{.name = "rude", .words = {"sh", "-c", "rm -rf in/a.txt; echo x > in/b.txt"}}});
  ASSERT_TRUE(tree.ok()) << tree.status().message();
  EXPECT_EQ(text("a"), "good\n");
  EXPECT_EQ(text("b"), "good\n");
}

}  // namespace
}  // namespace rondo::assist
