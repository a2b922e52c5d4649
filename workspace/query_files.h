// The files of workspace/queries, embedded in the binary by the build.
//
// Thread: constants; any thread.
#pragma once

#include <span>
#include <string_view>

namespace rondo::workspace {

struct QueryFile {
  std::string_view folder;  // "python"
  std::string_view name;    // "blocks", "references", "names", "builtins"
  std::string_view text;
};

std::span<const QueryFile> query_files();

}  // namespace rondo::workspace
