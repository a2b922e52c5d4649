// RefactorTargets: the files that a command line means: folders without what their ignore files
// leave out, files unless they are ignored, and with "-" those that stdin names, one a line.
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

  std::string root_;
  workspace::Scanner scanner_;
  bool scanned_ = false;
  std::vector<std::string> all_;  // of the root, once it was scanned
  std::set<std::string> paths_;
  std::vector<assist::LeftFile> left_;
};

}  // namespace rondo::cli
