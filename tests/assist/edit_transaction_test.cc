// Whatever is cut off, and wherever: resuming ends in the new state, undoing in the old one.

#include "assist/edit_transaction.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/workspace/temporary_folder.h"

namespace rondo::assist {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;  // texts by path

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

class EditTransactionTest : public testing::Test {
 protected:
  EditTransactionTest() { write(before_); }

  std::string root() const { return folder_.path() / "tree"; }
  std::string run() const { return folder_.path() / "runs/r1"; }
  std::string ledger() const { return run() + "/ledger"; }

  void write(const Files& files) const {
    fs::remove_all(root());
    for (const auto& [path, text] : files) folder_.write("tree/" + path, text);
  }
  Files tree() const {
    Files files;
    for (const auto& entry : fs::recursive_directory_iterator(root())) {
      if (!entry.is_regular_file()) continue;
      files[entry.path().lexically_relative(root())] = read(entry.path());
    }
    return files;
  }
  std::vector<FileEdit> edits() const {
    std::vector<FileEdit> all;
    for (const auto& [path, text] : before_) all.push_back({path, text, after_.at(path)});
    return all;
  }
  // Two shards, as a whole run makes them.
  void run_all() const {
    auto transaction = EditTransaction::begin(run(), root(), {{"recipe", "x"}});
    ASSERT_TRUE(transaction.ok()) << transaction.status().message();
    const std::vector<FileEdit> all = edits();
    for (const auto& shard :
         {std::vector(all.begin(), all.begin() + 2), std::vector(all.begin() + 2, all.end())}) {
      const auto left = transaction->apply(shard);
      ASSERT_TRUE(left.ok()) << left.status().message();
      EXPECT_TRUE(left->empty());
    }
    EXPECT_TRUE(transaction->end().ok());
  }

  const Files before_ = {
      {"a.py", "old a\n"}, {"b/c.py", "old c"}, {"b/d.py", ""}, {"e.py", "e\r\n"}};
  const Files after_ = {
      {"a.py", "new a\n"}, {"b/c.py", "new c"}, {"b/d.py", "d"}, {"e.py", "E\r\n"}};
  const workspace::TemporaryFolder folder_;
};

TEST_F(EditTransactionTest, MakesEditsAndTakesThemBack) {
  run_all();
  EXPECT_EQ(tree(), after_);
  const auto undone = EditTransaction::undo(run());
  ASSERT_TRUE(undone.ok()) << undone.status().message();
  EXPECT_EQ(undone->restored.size(), 4u);
  EXPECT_EQ(tree(), before_);
  EXPECT_TRUE(EditTransaction::undo(run()).ok());
  EXPECT_EQ(tree(), before_);
}

TEST_F(EditTransactionTest, KeepsModes) {
  fs::permissions(root() + "/a.py", fs::perms(0751));
  run_all();
  EXPECT_EQ(fs::status(root() + "/a.py").permissions(), fs::perms(0751));
  ASSERT_TRUE(EditTransaction::undo(run()).ok());
  EXPECT_EQ(fs::status(root() + "/a.py").permissions(), fs::perms(0751));
}

// The process dies at every fifth byte of its ledger, with every number of files of that shard
// replaced.
TEST_F(EditTransactionTest, EndsInTheOldOrTheNewStateWhereverItWasCutOff) {
  run_all();
  const std::string whole = read(ledger());
  const std::vector<FileEdit> all = edits();
  for (size_t n = whole.find("R ", 2); n <= whole.size(); n += 5) {
    for (const bool undoes : {true, false}) {
      std::ofstream(ledger(), std::ios::binary | std::ios::trunc) << whole.substr(0, n);
      // What the process had done by then: all of a shard that is applied, any part of one that is
      // only staged.
      size_t n_staged = 0;
      size_t n_applied = 0;
      ASSERT_TRUE(Ledger::read(ledger(), [&](const Json& json, std::string_view) -> Status {
                    n_staged += json.at("type") == "staged" ? 2 : 0;
                    n_applied += json.at("type") == "applied" ? 2 : 0;
                    return {};
                  }).ok());
      Files now = before_;
      const size_t n_made = n_applied + (n_staged > n_applied ? n % 3 : 0);
      for (size_t i = 0; i < n_made; ++i) now[all[i].path] = all[i].after;
      write(now);
      if (undoes) {
        ASSERT_TRUE(EditTransaction::undo(run()).ok());
        ASSERT_EQ(tree(), before_) << n;
        continue;
      }
      EditTransaction::State state;
      auto resumed = EditTransaction::resume(run(), state);
      ASSERT_TRUE(resumed.ok()) << resumed.status().message();
      std::vector<FileEdit> rest(all.begin() + static_cast<std::ptrdiff_t>(state.applied.size()),
                                 all.end());
      ASSERT_EQ(state.applied.size(), n_staged) << n;
      ASSERT_TRUE(resumed->apply(rest).ok());
      ASSERT_EQ(tree(), after_) << n;
    }
  }
}

TEST_F(EditTransactionTest, LeavesWhatWasChangedOrDeletedUnderneath) {
  auto transaction = EditTransaction::begin(run(), root(), {});
  ASSERT_TRUE(transaction.ok());
  folder_.write("tree/a.py", "mine");
  fs::remove(root() + "/e.py");
  const auto left = transaction->apply(edits());
  ASSERT_TRUE(left.ok()) << left.status().message();
  ASSERT_EQ(left->size(), 2u);
  EXPECT_EQ((*left)[0].path, "a.py");
  EXPECT_EQ((*left)[0].reason, "was changed meanwhile");
  EXPECT_EQ(read(root() + "/a.py"), "mine");
  ASSERT_TRUE(transaction->end().ok());
  transaction = internal_error("done");  // gives the lock back
  folder_.write("tree/b/c.py", "mine, too");
  const auto undone = EditTransaction::undo(run());
  ASSERT_TRUE(undone.ok());
  ASSERT_EQ(undone->left.size(), 1u);
  EXPECT_EQ(undone->left[0].path, "b/c.py");
  EXPECT_EQ(tree(), (Files{{"a.py", "mine"}, {"b/c.py", "mine, too"}, {"b/d.py", ""}}));
}

TEST_F(EditTransactionTest, FollowsNoLinks) {
  folder_.write("outside/c.py", "old c");
  fs::remove_all(root() + "/b");
  fs::create_directory_symlink(folder_.path() / "outside", root() + "/b");
  fs::remove(root() + "/a.py");
  fs::create_symlink(folder_.path() / "outside/c.py", root() + "/a.py");
  auto transaction = EditTransaction::begin(run(), root(), {});
  ASSERT_TRUE(transaction.ok());
  const auto left = transaction->apply(edits());
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(left->size(), 3u);
  EXPECT_EQ(read(folder_.path() / "outside/c.py"), "old c");
}

// A limit on the size of files fails writes as a full disk does.
TEST_F(EditTransactionTest, EndsInTheOldStateWhenTheDiskIsFull) {
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit old = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  for (rlim_t limit = 0; limit < 1500; limit += 31) {
    write(before_);
    fs::remove_all(run());
    struct rlimit small = old;
    small.rlim_cur = limit;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    auto transaction = EditTransaction::begin(run(), root(), {});
    bool all = transaction.ok();
    if (all) all = transaction->apply(edits()).ok();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
    if (all) {
      ASSERT_EQ(tree(), after_);
      continue;
    }
    transaction = internal_error("died");
    const auto undone = EditTransaction::undo(run());
    ASSERT_TRUE(undone.ok() || tree() == before_);
    ASSERT_EQ(tree(), before_) << limit;
  }
}

TEST_F(EditTransactionTest, IsOneProcessAtATime) {
  const auto transaction = EditTransaction::begin(run(), root(), {});
  ASSERT_TRUE(transaction.ok());
  EXPECT_EQ(EditTransaction::undo(run()).status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace rondo::assist
