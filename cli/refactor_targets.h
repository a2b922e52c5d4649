// RefactorTargets: the files that a command line means: folders without what their ignore files
// leave out, files unless they are ignored, what globs match ('src/**/*.py', in quotes), with "-"
// those that stdin names, one a line; of all these only what a git diff names, when one is asked
// for.
//
// Thread: the main thread; reads the disk.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "assist/edit_transaction.h"
#include "base/status.h"
#include "workspace/scanner.h"

namespace rondo::cli {

class RefactorTargets {
 public:
  // `workspace` is the folder of all; empty: the one around the first of `paths`.
  // Errors: NotFound; InvalidArgument for what is outside of the workspace.
  static Result<RefactorTargets> of(const std::string& workspace,
                                    const std::vector<std::string>& paths);

  // Leaves only those that git's diff of `revisions` names (git_tree.h); without `paths` all of it.
  // Errors: those of assist::files_of_diff().
  Status keep_changed(const std::string& revisions);

  const std::string& root() const { return root_; }
  // Below the root, sorted.
  std::vector<std::string> paths() const { return {paths_.begin(), paths_.end()}; }
  // What was named and is ignored.
  const std::vector<assist::LeftFile>& left() const { return left_; }

  // All files of the root that are not ignored.
  Result<std::vector<std::string>> all_paths();

 private:
  RefactorTargets(std::string root, workspace::Scanner scanner)
      : root_(std::move(root)), scanner_(std::move(scanner)) {}
  Status add(const std::string& path);
  Status add_folder(const std::string& folder);
  Status add_glob(const std::string& glob);
  void add_file(const std::string& relative);
  Result<std::string> below_root(const std::string& path) const;

  std::string root_;
  workspace::Scanner scanner_;
  bool scanned_ = false;
  bool named_any_ = false;        // paths, on the command line or on stdin
  std::vector<std::string> all_;  // of the root, once it was scanned
  std::set<std::string> paths_;
  std::vector<assist::LeftFile> left_;
};

}  // namespace rondo::cli
