// What git says of the folder that is edited, and diffs in git's form.
//
// Thread: any; reads the disk. Runs no hooks and no programs that the repository names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::assist {

// The tracked files around or in `root` that are changed or staged; none outside of a repository.
// Errors: Unavailable when the repository cannot be read.
Result<std::vector<std::string>> changed_files(const std::string& root);

// The files below `root` that `git diff REVISIONS` names and that are not deleted by it: "HEAD~3"
// is against the files as they are now, "a..b" and "a...b" of commits. Relative to `root`, sorted.
// Errors: InvalidArgument with what to do: `root` is in no repository, or that is no revision
// there.
Result<std::vector<std::string>> files_of_diff(const std::string& root,
                                               const std::string& revisions);

// Whether commits can be made in `root`. Errors: InvalidArgument with what to do: it is in no
// repository, in the middle of a merge or the like, something is staged, or git knows no author.
Status ready_to_commit(const std::string& root);

// Commits the files at `paths` below `root` as they are on the disk, and nothing else. No commit is
// made when they are in the last one like this. Errors: Unavailable with what git says.
Status commit_files(const std::string& root, const std::vector<std::string>& paths,
                    const std::string& message);

// The unified diff that makes `after` of `before`; git apply and patch -p1 read it.
std::string unified_diff(const std::string& path, std::string_view before, std::string_view after);

}  // namespace rondo::assist
