// CheckedTree: which edits of a tree pass its checks. The checks run in a copy of the tree, each in
// a sandbox; the copy holds the edits that were kept so far. When a group of edits fails, its
// halves are tried one after the other, so that only the files that break something are left out.
// The changes of a file that may be made one by one are parted in the same way.
//
// Thread: the caller's, which the checks block.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assist/check.h"
#include "assist/edit_transaction.h"
#include "assist/sandbox.h"
#include "assist/text_edits.h"
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

// A change that does not pass, by its place among those of the file.
struct LeftChange {
  size_t index = 0;
  std::string reason;
};

class CheckedTree {
 public:
  // Copies the tree and runs the checks on it as it is: what fails already cannot tell good edits
  // from bad ones, unless it has only to get no worse. Errors: InvalidArgument then, with what the
  // check says; Unavailable without a sandbox or a place for the copy.
  static Result<CheckedTree> open(CheckedTreeOptions options);

  // The edits that do not pass, with the check and what it says; the others are kept.
  // Errors: Unavailable when the copy cannot be written; Internal when a check cannot be started.
  Result<std::vector<LeftFile>> keep(std::span<const FileEdit> edits);

  // Of an edit that keep() refused, the `changes` that do not pass, in their order; edit.after
  // becomes what the others make of it, and is kept. Errors: as of keep().
  Result<std::vector<LeftChange>> keep_changes(FileEdit& edit, const std::vector<Change>& changes);

 private:
  using Told = std::map<std::string, int64_t>;  // how often a check tells of each problem
  struct Halving;
  CheckedTree(CheckedTreeOptions options, TreeCopy copy)
      : options_(std::move(options)), copy_(std::move(copy)) {}
  Status note_before();
  struct Ran;
  Result<Ran> run(const Check& check, size_t n_edits) const;
  Result<std::string> failure(size_t n_edits) const;
  Status keep_some(std::span<const FileEdit> edits, std::vector<LeftFile>& left) const;
  Status keep_half(Halving& halving, size_t begin, size_t end) const;

  CheckedTreeOptions options_;
  TreeCopy copy_;
  std::vector<Told> before_;  // any edit: of each check, empty where it passes
};

}  // namespace rondo::assist
