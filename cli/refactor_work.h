// RefactorWork: what one run of `rondo refactor` works with: the recipe, the files, the checks, and
// the transaction when something is to be written.
//
// Thread: the main thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assist/checked_tree.h"
#include "assist/compiled_recipe.h"
#include "assist/edit_transaction.h"
#include "base/status.h"
#include "cli/environment.h"
#include "cli/settings.h"

namespace rondo::cli {

// The command line.
struct RefactorArguments {
  std::string recipe;
  bool annotates = false;  // in place of a recipe: types for functions
  std::vector<std::string> paths;
  std::string workspace;
  std::vector<std::string> verify;  // commands, each a check
  std::vector<std::string> tools;   // folders that checks may read
  std::string report;
  std::string patch;
  std::string changed;  // only what git's diff of these revisions names
  std::string resume;
  std::string undo;
  int64_t shard = 64;
  int32_t depth = 3;       // of the loop of steps, where a model writes
  int32_t candidates = 1;  // drafts of its first step
  Flags flags;             // of the engine
  bool no_checks = false;  // not even the recipe's
  bool commit = false;
  bool plan = false;
  bool check = false;
  bool diff = false;
  bool json = false;
  bool dirty = false;
};

struct RefactorWork {
  bool annotates = false;
  bool mends = false;  // a run of `rondo fix`: there is no recipe
  std::shared_ptr<const assist::CompiledRecipe> recipe;
  std::string root;
  std::vector<std::string> paths;             // still to be looked at
  std::vector<std::string> planned;           // with those that were
  std::vector<assist::LeftFile> left;         // before it began
  std::optional<assist::CheckedTree> checks;  // nothing: none are run
  std::string run;                            // its folder; empty: nothing is written
  std::optional<assist::EditTransaction> edits;
  bool commits = false;
  std::map<std::string, assist::HoleAnswer> answers;  // that the run had before it was killed

  // The name by which a run is resumed and taken back; empty when nothing is written.
  std::string run_name() const;
};

// A new run. Nothing is changed yet. Errors: NotFound, InvalidArgument, Unavailable, each with what
// to do: also where checks are asked for in a workspace that is not trusted.
Result<RefactorWork> new_work(const RefactorArguments& arguments, const Environment& environment);

// The rest of a run that was killed, with its own recipe, checks and manner, which `arguments`
// become.
Result<RefactorWork> resumed_work(RefactorArguments& arguments, const Environment& environment);

// Commits what a shard has changed. Errors: those of assist::commit_files().
Status commit_shard(const RefactorWork& work, const std::vector<std::string>& paths);

// A folder for a run that begins now; it is not made yet.
std::string new_run_folder(const Environment& environment);

// Errors: InvalidArgument with what to do where `root` is not trusted: what runs in it is what the
// repository says.
Status refuse_untrusted(const std::string& root, const Environment& environment,
                        const std::string& what);
// Errors: InvalidArgument where git tracks files of `root` that are changed.
Status refuse_dirty_tree(const std::string& root);

// The folder of a run. Errors: NotFound, with those that there are.
Result<std::string> run_named(const std::string& name, const Environment& environment);

}  // namespace rondo::cli
