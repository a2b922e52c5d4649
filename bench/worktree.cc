#include "bench/worktree.h"

#include <git2.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "workspace/scanner.h"

namespace rondo::bench {
namespace {

constexpr int64_t kMaxCommits = 200;
constexpr int64_t kMaxFileBytes = 200'000;
constexpr size_t kMaxDiffBytes = 2000;  // of a hunk: as the product keeps them
constexpr size_t kMaxHunks = 8;         // of a situation
constexpr size_t kMaxHunksOfCommit = 200;
constexpr size_t kMaxOpen = 4;

// A libgit2 object, freed with its own function.
template <typename T, void (*kFree)(T*)>
struct Freed {
  void operator()(T* object) const { kFree(object); }
};
using Repo = std::unique_ptr<git_repository, Freed<git_repository, git_repository_free>>;
using Walk = std::unique_ptr<git_revwalk, Freed<git_revwalk, git_revwalk_free>>;
using Commit = std::unique_ptr<git_commit, Freed<git_commit, git_commit_free>>;
using Tree = std::unique_ptr<git_tree, Freed<git_tree, git_tree_free>>;
using Diff = std::unique_ptr<git_diff, Freed<git_diff, git_diff_free>>;

using Edits = std::vector<workspace::RecentEdit>;

int begin_hunk(const git_diff_delta* delta, const git_diff_hunk*, void* edits) {
  auto& all = *static_cast<Edits*>(edits);
  if (all.size() >= kMaxHunksOfCommit) return 1;  // nobody edits so much by hand
  all.push_back({.path = delta->new_file.path, .diff = {}});
  return 0;
}

int add_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* edits) {
  auto& all = *static_cast<Edits*>(edits);
  const bool is_text = line->origin == '+' || line->origin == '-' || line->origin == ' ';
  if (is_text) all.back().diff += line->origin + std::string(line->content, line->content_len);
  return 0;
}

// The hunks of a commit with one parent; none for others and for very large ones.
Edits edits_of(git_repository* repository, const git_commit* commit) {
  git_commit* parent = nullptr;
  if (git_commit_parentcount(commit) != 1 || git_commit_parent(&parent, commit, 0) != 0) return {};
  const Commit owned_parent(parent);
  git_tree* before = nullptr;
  if (git_commit_tree(&before, parent) != 0) return {};
  const Tree owned_before(before);
  git_tree* after = nullptr;
  if (git_commit_tree(&after, commit) != 0) return {};
  const Tree owned_after(after);
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.context_lines = 1;
  git_diff* diff = nullptr;
  if (git_diff_tree_to_tree(&diff, repository, before, after, &options) != 0) return {};
  const Diff owned_diff(diff);
  Edits edits;
  if (git_diff_foreach(diff, nullptr, nullptr, begin_hunk, add_line, &edits) != 0) return {};
  return edits;
}

// What lies below `prefix`, seen from there, without what is too large.
void keep_below(const std::string& prefix, Edits& edits) {
  std::erase_if(edits, [&](const workspace::RecentEdit& edit) {
    return !edit.path.starts_with(prefix) || edit.diff.size() > kMaxDiffBytes;
  });
  for (workspace::RecentEdit& edit : edits) edit.path.erase(0, prefix.size());
}

}  // namespace

Result<Corpus> read_worktree(const std::string& folder) {
  ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(folder));
  std::vector<std::string> paths;
  RETURN_IF_ERROR(
      scanner.scan([&](std::string path) { paths.push_back(std::move(path)); }, {}).status());
  std::sort(paths.begin(), paths.end());
  Repository repository{std::filesystem::path(scanner.root()).filename().string(), {}};
  for (const std::string& path : paths) {
    if (!measurable_path(path)) continue;
    const Result<std::string> bytes = workspace::read_source(scanner.root(), path, kMaxFileBytes);
    if (!bytes.ok()) continue;
    std::optional<std::string> text = measurable_text(*bytes);
    if (!text) continue;
    repository.files.push_back({path, *std::move(text), *group_of(path)});
  }
  if (repository.files.empty()) {
    return not_found_error("no source code to measure on in " + folder);
  }
  Corpus corpus;
  corpus.repositories.push_back(std::move(repository));
  return corpus;
}

WorktreeHistory WorktreeHistory::read(const std::string& folder) {
  WorktreeHistory history;
  git_libgit2_init();
  {
    git_repository* repository = nullptr;
    git_revwalk* walk = nullptr;
    const bool opened = git_repository_open_ext(&repository, folder.c_str(), 0, nullptr) == 0;
    const Repo owned(repository);
    const char* root = opened ? git_repository_workdir(repository) : nullptr;
    const bool walks = root != nullptr && git_revwalk_new(&walk, repository) == 0 &&
                       git_revwalk_push_head(walk) == 0;
    const Walk owned_walk(walk);
    std::error_code error;
    std::string prefix;
    if (walks) {
      prefix = std::filesystem::relative(folder, root, error).generic_string() + "/";
      if (prefix == "./") prefix.clear();
    }
    git_oid id;
    for (int64_t n = 0; walks && n < kMaxCommits && git_revwalk_next(&id, walk) == 0; ++n) {
      git_commit* commit = nullptr;
      if (git_commit_lookup(&commit, repository, &id) != 0) continue;
      const Commit owned_commit(commit);
      Edits edits = edits_of(repository, commit);
      keep_below(prefix, edits);
      if (!edits.empty()) history.commits_.push_back(std::move(edits));
    }
  }
  git_libgit2_shutdown();
  return history;
}

WorkSituation WorktreeHistory::situation_of(const std::string& path) const {
  const auto commit = std::find_if(commits_.begin(), commits_.end(), [&](const Edits& edits) {
    return std::any_of(edits.begin(), edits.end(),
                       [&](const workspace::RecentEdit& edit) { return edit.path == path; });
  });
  WorkSituation situation;
  if (commit == commits_.end()) return situation;
  for (const workspace::RecentEdit& edit : *commit) {
    if (situation.edits.size() < kMaxHunks) situation.edits.push_back(edit);
    const auto& open = situation.open_paths;
    const bool known =
        edit.path == path || std::find(open.begin(), open.end(), edit.path) != open.end();
    if (!known && open.size() < kMaxOpen) situation.open_paths.push_back(edit.path);
  }
  return situation;
}

}  // namespace rondo::bench
