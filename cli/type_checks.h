// The type checkers that `rondo annotate` has its annotations checked by.
//
// Thread: any; reads the disk.
#pragma once

#include <string>
#include <vector>

#include "assist/check.h"

namespace rondo::cli {

struct TypeChecks {
  std::vector<assist::Check> checks;  // each may fail as before, and must get no worse
  std::vector<std::string> missing;   // programs that files of `paths` would need: "mypy"
};

// For the files at `paths` below `root`: mypy and tsc, as `tools` (absolute folders, also virtual
// environments and those with a node_modules) or the system have them.
TypeChecks type_checks(const std::string& root, const std::vector<std::string>& paths,
                       const std::vector<std::string>& tools);

}  // namespace rondo::cli
