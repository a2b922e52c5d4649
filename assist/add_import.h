// Imports an undefined name: as other files of the workspace import it, from the file that defines
// it, or a module of the standard library by its name. Python, JavaScript, TypeScript, C and C++.
//
// Thread: pure functions; making waits for the engine.
#pragma once

#include <string>
#include <vector>

#include "assist/action_work.h"

namespace rondo::assist {

void offer_add_import(const ActionScene& scene, std::vector<Action>& actions);
Result<ActionOutcome> add_import(const ActionWork& work, const Action& action);

// A statement that would bring a name.
struct ImportCandidate {
  std::string statement;
  int64_t n_found = 1;  // how often, in the files that were read and what is known of the language
};

// Those for `name`, at most 8, the most found first; the imports of at most `n_files` are read, of
// the nearest first.
std::vector<ImportCandidate> import_candidates(const ActionScene& scene, const std::string& name,
                                               int64_t n_files);
// Where a further import stands: the begin of a line.
int64_t import_place(const ActionScene& scene);

}  // namespace rondo::assist
