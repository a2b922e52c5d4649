#include "bench/worktree.h"

#include <git2.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace rondo::bench {
namespace {

namespace fs = std::filesystem;

const std::string kFiller = "# " + std::string(220, 'x') + "\n";

// A repository of its own in a folder that goes with it.
class WorktreeTest : public testing::Test {
 protected:
  WorktreeTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    git_libgit2_init();
    EXPECT_EQ(git_repository_init(&repository_, folder_.c_str(), 0), 0);
  }
  ~WorktreeTest() override {
    git_repository_free(repository_);
    git_libgit2_shutdown();
    fs::remove_all(folder_);
  }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << text;
  }

  void commit() {
    git_index* index = nullptr;
    git_tree* tree = nullptr;
    git_signature* author = nullptr;
    git_oid tree_id, commit_id, head_id;
    ASSERT_EQ(git_repository_index(&index, repository_), 0);
    ASSERT_EQ(git_index_add_all(index, nullptr, 0, nullptr, nullptr), 0);
    ASSERT_EQ(git_index_write_tree(&tree_id, index), 0);
    ASSERT_EQ(git_tree_lookup(&tree, repository_, &tree_id), 0);
    ASSERT_EQ(git_signature_new(&author, "A", "a@b.c", 1'700'000'000 + n_commits_++, 0), 0);
    git_commit* parent = nullptr;
    const bool has_parent = git_reference_name_to_id(&head_id, repository_, "HEAD") == 0;
    if (has_parent) {
      ASSERT_EQ(git_commit_lookup(&parent, repository_, &head_id), 0);
    }
    const git_commit* parents[] = {parent};
    ASSERT_EQ(git_commit_create(&commit_id, repository_, "HEAD", author, author, nullptr, "x", tree,
                                has_parent ? 1 : 0, parents),
              0);
    git_commit_free(parent);
    git_signature_free(author);
    git_tree_free(tree);
    git_index_free(index);
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / "rondo_worktree_test";
  git_repository* repository_ = nullptr;
  int n_commits_ = 0;
};

TEST_F(WorktreeTest, ReadsWhatPeopleWroteAndGitDoesNotIgnore) {
  write("shop/cart.py", kFiller + "def add(item):\n    return item\n");
  write("build/out.py", kFiller + "def add(item):\n    return item\n");
  write("notes.md", kFiller);
  write(".gitignore", "build/\n");
  const Result<Corpus> corpus = read_worktree(folder_);
  ASSERT_TRUE(corpus.ok()) << corpus.status().to_string();
  ASSERT_EQ(corpus->repositories.size(), 1u);
  ASSERT_EQ(corpus->repositories[0].files.size(), 1u);
  EXPECT_EQ(corpus->repositories[0].files[0].path, "shop/cart.py");
  EXPECT_EQ(corpus->repositories[0].files[0].group, Group::kPython);
  EXPECT_EQ(read_worktree(folder_ / "nowhere").status().code(), Code::kNotFound);
}

TEST_F(WorktreeTest, KnowsWhatWasChangedTogether) {
  write("shop/cart.py", "a = 1\n\nb = 2\n");
  write("shop/tax.py", "a = 1\n");
  write("other.py", "a = 1\n");
  commit();
  write("shop/cart.py", "a = 1\n\nb = 3\n");
  write("shop/tax.py", "a = 2\n");
  commit();
  write("other.py", "a = 5\n");
  commit();
  const WorkSituation whole = WorktreeHistory::read(folder_).situation_of("shop/cart.py");
  ASSERT_EQ(whole.edits.size(), 2u);
  EXPECT_EQ(whole.edits[0], (workspace::RecentEdit{"shop/cart.py", " \n-b = 2\n+b = 3\n"}));
  EXPECT_EQ(whole.open_paths, std::vector<std::string>{"shop/tax.py"});
  const WorkSituation part = WorktreeHistory::read(folder_ / "shop").situation_of("cart.py");
  EXPECT_EQ(part.open_paths, std::vector<std::string>{"tax.py"});
  EXPECT_TRUE(WorktreeHistory::read(folder_).situation_of("unknown.py").edits.empty());
  EXPECT_TRUE(WorktreeHistory::read(testing::TempDir()).situation_of("a.py").edits.empty());
}

}  // namespace
}  // namespace rondo::bench
