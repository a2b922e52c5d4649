// TreeCopy: a copy of a tree's files, for programs that must not touch the tree itself.
//
// Thread: one. Owns a folder, which goes with it, or with the next copy that is made beside it when
// its process is killed: it is locked as long as that lives.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "base/status.h"
#include "base/temporary_folder.h"

namespace rondo::assist {

class TreeCopy {
 public:
  // Copies the files at `paths` below `root`, with their modes, into a new folder in `parent`, and
  // removes what processes left there that are gone. A file that is gone meanwhile is not in it.
  // Errors: Unavailable when it cannot be written.
  static Result<TreeCopy> make(const std::string& root, const std::vector<std::string>& paths,
                               const std::string& parent);

  const std::string& folder() const { return folder_.path(); }

  // Gives the file at `path` other bytes; its mode stays. Errors: Unavailable.
  Status put(std::string_view path, std::string_view bytes) const;

 private:
  static Result<TreeCopy> make_empty(const std::string& parent);
  TreeCopy(TemporaryFolder folder, FileDescriptor lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}
  TemporaryFolder folder_;  // absolute
  FileDescriptor lock_;     // of the folder
};

}  // namespace rondo::assist
