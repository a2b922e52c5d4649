#include "assist/git_tree.h"

#include <git2.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

namespace rondo::assist {
namespace {

namespace fs = std::filesystem;

struct Deleter {
  void operator()(git_repository* repository) const { git_repository_free(repository); }
  void operator()(git_status_list* list) const { git_status_list_free(list); }
  void operator()(git_patch* patch) const { git_patch_free(patch); }
  void operator()(git_index* index) const { git_index_free(index); }
  void operator()(git_signature* signature) const { git_signature_free(signature); }
  void operator()(git_commit* commit) const { git_commit_free(commit); }
  void operator()(git_tree* tree) const { git_tree_free(tree); }
  void operator()(git_diff* diff) const { git_diff_free(diff); }
  void operator()(git_object* object) const { git_object_free(object); }
};

struct Library {
  Library() { git_libgit2_init(); }
  ~Library() { git_libgit2_shutdown(); }
};

Status failed(const std::string& what) {
  const git_error* error = git_error_last();
  return unavailable_error(what + ": " + (error == nullptr ? "unknown" : error->message));
}

template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// The repository around `root` that has files; null: there is none.
Owned<git_repository> open_repository(const std::string& root) {
  git_repository* opened = nullptr;
  if (git_repository_open_ext(&opened, root.c_str(), 0, nullptr) != 0) return nullptr;
  Owned<git_repository> repository(opened);
  return git_repository_is_bare(opened) != 0 ? nullptr : std::move(repository);
}

// The commit that HEAD names; null before the first one.
Owned<git_commit> head_commit(git_repository* repository) {
  git_oid id;
  git_commit* commit = nullptr;
  if (git_reference_name_to_id(&id, repository, "HEAD") != 0) return nullptr;
  return Owned<git_commit>(git_commit_lookup(&commit, repository, &id) == 0 ? commit : nullptr);
}

// The tree of what a revision names; null: it has none.
Owned<git_tree> tree_of(const git_object* object) {
  git_object* tree = nullptr;
  const bool found = object != nullptr && git_object_peel(&tree, object, GIT_OBJECT_TREE) == 0;
  return Owned<git_tree>(found ? reinterpret_cast<git_tree*>(tree) : nullptr);
}

// What a "a...b" begins at; null: they have no commit in common.
Owned<git_tree> common_tree(git_repository* repository, const git_revspec& range) {
  git_oid base;
  git_commit* commit = nullptr;
  const bool found =
      git_merge_base(&base, repository, git_object_id(range.from), git_object_id(range.to)) == 0 &&
      git_commit_lookup(&commit, repository, &base) == 0;
  const Owned<git_commit> owned(commit);
  return found ? tree_of(reinterpret_cast<const git_object*>(commit)) : nullptr;
}

// What git's diff of `revisions` says; null: git does not know them.
Owned<git_diff> diff_of(git_repository* repository, const std::string& revisions) {
  git_revspec range = {};
  if (git_revparse(&range, repository, revisions.c_str()) != 0) return nullptr;
  const Owned<git_object> from(range.from);
  const Owned<git_object> to(range.to);
  const bool merges = (range.flags & GIT_REVSPEC_MERGE_BASE) != 0;
  const Owned<git_tree> before = merges ? common_tree(repository, range) : tree_of(range.from);
  const Owned<git_tree> after = tree_of(range.to);
  git_diff* diff = nullptr;
  if (before == nullptr || (range.to != nullptr && after == nullptr)) return nullptr;
  const int failed =
      after == nullptr
          ? git_diff_tree_to_workdir_with_index(&diff, repository, before.get(), nullptr)
          : git_diff_tree_to_tree(&diff, repository, before.get(), after.get(), nullptr);
  return Owned<git_diff>(failed == 0 ? diff : nullptr);
}

// Whether the index holds other files than `commit`.
bool is_staged(git_repository* repository, const git_commit* commit) {
  git_tree* tree = nullptr;
  git_diff* diff = nullptr;
  if (git_commit_tree(&tree, commit) != 0) return true;
  const Owned<git_tree> owned_tree(tree);
  if (git_diff_tree_to_index(&diff, repository, tree, nullptr, nullptr) != 0) return true;
  return git_diff_num_deltas(Owned<git_diff>(diff).get()) > 0;
}

// Writes the index as a commit on HEAD, unless HEAD has the same files already.
Status commit_index(git_repository* repository, git_index* index, const std::string& message) {
  git_oid id;
  git_tree* tree = nullptr;
  git_signature* author = nullptr;
  const Owned<git_commit> head = head_commit(repository);
  if (head == nullptr || git_index_write_tree(&id, index) != 0 ||
      git_tree_lookup(&tree, repository, &id) != 0) {
    return failed("git cannot write a commit");
  }
  const Owned<git_tree> owned_tree(tree);
  if (git_oid_equal(&id, git_commit_tree_id(head.get())) != 0) return {};
  if (git_signature_default(&author, repository) != 0) return failed("git cannot write a commit");
  const Owned<git_signature> owned_author(author);
  git_oid made;
  const git_commit* parents[] = {head.get()};
  if (git_commit_create(&made, repository, "HEAD", author, author, nullptr, message.c_str(), tree,
                        1, parents) != 0) {
    return failed("git cannot write a commit");
  }
  return {};
}

}  // namespace

Status ready_to_commit(const std::string& root) {
  const Library library;
  const Owned<git_repository> repository = open_repository(root);
  if (repository == nullptr) {
    return invalid_argument_error(root + " is in no git repository; leave --commit out");
  }
  const Owned<git_commit> head = head_commit(repository.get());
  if (head == nullptr) return invalid_argument_error("make a first commit before --commit");
  if (git_repository_state(repository.get()) != GIT_REPOSITORY_STATE_NONE) {
    return invalid_argument_error("a merge, rebase or the like is not finished; end it first");
  }
  if (is_staged(repository.get(), head.get())) {
    return invalid_argument_error("something is staged already; commit or unstage it first");
  }
  git_signature* author = nullptr;
  if (git_signature_default(&author, repository.get()) != 0) {
    return invalid_argument_error(
        "git knows no author; say `git config user.name NAME` and `git config user.email ADDRESS`");
  }
  const Owned<git_signature> owned(author);
  return {};
}

Status commit_files(const std::string& root, const std::vector<std::string>& paths,
                    const std::string& message) {
  const Library library;
  const Owned<git_repository> repository = open_repository(root);
  git_index* opened = nullptr;
  if (repository == nullptr || git_repository_index(&opened, repository.get()) != 0) {
    return failed("git cannot open its index in " + root);
  }
  const Owned<git_index> index(opened);
  const fs::path folder = fs::canonical(git_repository_workdir(repository.get()));
  for (const std::string& path : paths) {
    const std::string name = (fs::path(root) / path).lexically_relative(folder).generic_string();
    if (git_index_add_bypath(opened, name.c_str()) != 0) return failed("git cannot add " + path);
  }
  if (git_index_write(opened) != 0) return failed("git cannot write its index");
  return commit_index(repository.get(), opened, message);
}

Result<std::vector<std::string>> changed_files(const std::string& root) {
  const Library library;
  const Owned<git_repository> repository = open_repository(root);
  if (repository == nullptr) return std::vector<std::string>();
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  git_status_list* listed = nullptr;
  if (git_status_list_new(&listed, repository.get(), &options) != 0) {
    return failed("git cannot tell what is changed in " + root);
  }
  const Owned<git_status_list> list(listed);
  std::vector<std::string> paths;
  for (size_t i = 0; i < git_status_list_entrycount(list.get()); ++i) {
    const git_status_entry* entry = git_status_byindex(list.get(), i);
    if (entry->status == GIT_STATUS_CURRENT) continue;
    const git_diff_delta* delta =
        entry->index_to_workdir != nullptr ? entry->index_to_workdir : entry->head_to_index;
    if (delta != nullptr) paths.emplace_back(delta->old_file.path);
  }
  return paths;
}

Result<std::vector<std::string>> files_of_diff(const std::string& root,
                                               const std::string& revisions) {
  const Library library;
  const Owned<git_repository> repository = open_repository(root);
  if (repository == nullptr) {
    return invalid_argument_error(root + " is in no git repository, so nothing changed since " +
                                  revisions + " there");
  }
  const Owned<git_diff> diff = diff_of(repository.get(), revisions);
  if (diff == nullptr) {
    return invalid_argument_error("git knows no '" + revisions +
                                  "' here; name a revision or a range, as HEAD~3 or main...topic");
  }
  const fs::path folder = fs::canonical(git_repository_workdir(repository.get()));
  std::vector<std::string> paths;
  for (size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta* delta = git_diff_get_delta(diff.get(), i);
    if (delta->status == GIT_DELTA_DELETED) continue;
    const fs::path path = (folder / delta->new_file.path).lexically_relative(root);
    if (!path.generic_string().starts_with("..")) paths.push_back(path.generic_string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string unified_diff(const std::string& path, std::string_view before, std::string_view after) {
  const Library library;
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_FORCE_TEXT;
  git_patch* made = nullptr;
  std::string text;
  if (git_patch_from_buffers(&made, before.data(), before.size(), path.c_str(), after.data(),
                             after.size(), path.c_str(), &options) != 0) {
    return text;
  }
  const Owned<git_patch> patch(made);
  git_buf buffer = GIT_BUF_INIT;
  if (git_patch_to_buf(&buffer, patch.get()) == 0) text.assign(buffer.ptr, buffer.size);
  git_buf_dispose(&buffer);
  return text;
}

}  // namespace rondo::assist
