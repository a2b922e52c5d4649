// RefactorCallers: the files that call what a refactoring has changed: they join the plan.
//
// Thread: the main thread. Ownership: owns an index of the workspace, made when it is first needed.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "assist/refactoring.h"
#include "base/status.h"
#include "workspace/block_index.h"

namespace rondo::cli {

// A file, and the function that it calls.
struct Caller {
  std::string path;
  std::string function;
};

class RefactorCallers {
 public:
  // `known`: the files of the plan.
  RefactorCallers(std::string root, const std::vector<std::string>& known)
      : root_(std::move(root)), known_(known.begin(), known.end()) {}

  // Files outside of the plan that call functions whose signatures `outcomes` change, in the order
  // of their paths; they are of the plan from then on. Errors: those of reading the workspace.
  Result<std::vector<Caller>> of(const std::vector<assist::FileOutcome>& outcomes);

 private:
  Status read_workspace();

  const std::string root_;
  std::set<std::string> known_;
  std::unique_ptr<workspace::BlockIndex> index_;
};

}  // namespace rondo::cli
