// CheckedTree: which edits of a tree pass its checks. The checks run in a copy of the tree, each in
// a sandbox; the copy holds the edits that were kept so far. When a group of edits fails, its
// halves are tried one after the other, so that only the files that break something are left out.
//
// Thread: the caller's, which the checks block.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assist/check.h"
#include "assist/edit_transaction.h"
#include "assist/sandbox.h"
#include "assist/tree_copy.h"

namespace rondo::assist {

struct CheckedTreeOptions {
  std::string root;                   // of the tree, absolute; checks see the copy by this path
  std::vector<std::string> paths;     // of all files that checks may see, below it
  std::string parent;                 // the folder in which the copy is made
  std::vector<Check> checks;          // run in this order, up to the first that fails
  std::vector<std::string> readable;  // more folders that checks may read: an environment's
  // Told before a check runs: on how many new edits.
  std::function<void(const Check&, size_t n_edits)> on_check = [](const Check&, size_t) {};
};

class CheckedTree {
 public:
  // Copies the tree and runs the checks on it as it is: what fails already cannot tell good edits
  // from bad ones. Errors: InvalidArgument then, with what the check says; Unavailable without a
  // sandbox or a place for the copy.
  static Result<CheckedTree> open(CheckedTreeOptions options);

  // The edits that do not pass, with the check and what it says; the others are kept.
  // Errors: Unavailable when the copy cannot be written; Internal when a check cannot be started.
  Result<std::vector<LeftFile>> keep(std::span<const FileEdit> edits);

 private:
  CheckedTree(CheckedTreeOptions options, TreeCopy copy)
      : options_(std::move(options)), copy_(std::move(copy)) {}
  Result<std::string> failure(size_t n_edits) const;
  Status keep_some(std::span<const FileEdit> edits, std::vector<LeftFile>& left) const;

  CheckedTreeOptions options_;
  TreeCopy copy_;
};

}  // namespace rondo::assist
