#include "assist/git_tree.h"

#include <git2.h>

#include <memory>

namespace rondo::assist {
namespace {

struct Deleter {
  void operator()(git_repository* repository) const { git_repository_free(repository); }
  void operator()(git_status_list* list) const { git_status_list_free(list); }
  void operator()(git_patch* patch) const { git_patch_free(patch); }
};

struct Library {
  Library() { git_libgit2_init(); }
  ~Library() { git_libgit2_shutdown(); }
};

Status failed(const std::string& what) {
  const git_error* error = git_error_last();
  return unavailable_error(what + ": " + (error == nullptr ? "unknown" : error->message));
}

}  // namespace

Result<std::vector<std::string>> changed_files(const std::string& root) {
  const Library library;
  git_repository* opened = nullptr;
  if (git_repository_open_ext(&opened, root.c_str(), 0, nullptr) != 0) {
    return std::vector<std::string>();
  }
  const std::unique_ptr<git_repository, Deleter> repository(opened);
  if (git_repository_is_bare(repository.get()) != 0) return std::vector<std::string>();
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  git_status_list* listed = nullptr;
  if (git_status_list_new(&listed, repository.get(), &options) != 0) {
    return failed("git cannot tell what is changed in " + root);
  }
  const std::unique_ptr<git_status_list, Deleter> list(listed);
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
  const std::unique_ptr<git_patch, Deleter> patch(made);
  git_buf buffer = GIT_BUF_INIT;
  if (git_patch_to_buf(&buffer, patch.get()) == 0) text.assign(buffer.ptr, buffer.size);
  git_buf_dispose(&buffer);
  return text;
}

}  // namespace rondo::assist
