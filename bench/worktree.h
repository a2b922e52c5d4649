// A git work tree to measure on: its files, and what its last commits changed together, which
// stands for what somebody who works in one of these files has edited and has open.
//
// Thread: the functions block on the disk.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "bench/corpus.h"
#include "workspace/context.h"

namespace rondo::bench {

// The files of a work tree as a corpus of one repository: those that the product would index, less
// what nobody writes by hand (corpus.h). Errors: NotFound when there is none.
Result<Corpus> read_worktree(const std::string& folder);

// What was changed when a file was changed last.
struct WorkSituation {
  std::vector<workspace::RecentEdit> edits;  // a hunk each, in the order of the paths
  std::vector<std::string> open_paths;       // the other files
};

class WorktreeHistory {
 public:
  // Reads the last commits of the repository that holds `folder`; without one, or without a parent
  // of the last commit, there is no history.
  static WorktreeHistory read(const std::string& folder);

  // Of the last commit that changed `path`; empty when there is none among those that were read.
  WorkSituation situation_of(const std::string& path) const;

 private:
  std::vector<std::vector<workspace::RecentEdit>> commits_;  // the latest first
};

}  // namespace rondo::bench
