// What git says of the folder that is edited, and diffs in git's form.
//
// Thread: any; reads the disk. Runs no hooks and no filters of the repository.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::assist {

// The tracked files around or in `root` that are changed or staged; none outside of a repository.
// Errors: Unavailable when the repository cannot be read.
Result<std::vector<std::string>> changed_files(const std::string& root);

// The unified diff that makes `after` of `before`; git apply and patch -p1 read it.
std::string unified_diff(const std::string& path, std::string_view before, std::string_view after);

}  // namespace rondo::assist
