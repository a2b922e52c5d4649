// One step of a refactoring: the outcomes of some files are checked, mended, put into a patch or
// made, and told of.
//
// Thread: the main thread.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "assist/refactoring.h"
#include "base/status.h"
#include "cli/refactor_callers.h"
#include "cli/refactor_model.h"
#include "cli/refactor_plan.h"
#include "cli/refactor_report.h"
#include "cli/refactor_work.h"

namespace rondo::cli {

// The patch that --patch asks for; nobody sees it before it is whole.
class PatchFile {
 public:
  // Empty: there is none.
  explicit PatchFile(const std::string& path);

  void add(const std::vector<assist::FileEdit>& edits);
  // Errors: Unavailable when something of it could not be written.
  Status finish();

 private:
  std::string draft() const { return path_ + ".part"; }

  std::string path_;
  std::ofstream stream_;
};

// What a shard is worked through with.
struct ShardTools {
  assist::Refactoring& refactoring;
  RefactorModel* model;  // null: nobody is asked
  RefactorPlan* plan;    // null: nobody wants to know what would be asked
  RefactorCallers& callers;
  int32_t depth;
};

// Checks a planned shard, makes its edits where the work writes, and tells of it. `outcomes` become
// what was made. Returns the files that join the plan since they call what is changed: they are in
// the ledger before any edit. Errors: those of the checks, of the model, and of writing.
Result<std::vector<std::string>> work_shard(RefactorWork& work, const ShardTools& tools,
                                            std::vector<assist::FileOutcome>& outcomes,
                                            RefactorReport& report, PatchFile& patch);

}  // namespace rondo::cli
