// Files of a tree that is edited: opened without following a link, replaced in one step.
//
// Thread: any; reads and writes the disk.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/status.h"

namespace rondo::assist {

// All bytes of the regular file at `path` below `root`.
// Errors: NotFound when it is not there or behind a link; InvalidArgument when it is no regular
// file or has other names (hard links) that would keep the old content; ResourceExhausted when it
// is larger than `max_bytes`, without reading it.
Result<std::string> read_tree_file(const std::string& root, std::string_view path,
                                   int64_t max_bytes = std::numeric_limits<int64_t>::max());

// Puts `after` into the place of the file whose bytes are `before`, with its mode and owner, so
// that whoever looks sees the one or the other, also after a power failure. The new file is written
// beside it as `temporary` first, which is gone afterwards.
// Errors: those of read_tree_file(); Stale when its bytes are others, also when they change in the
// last moment; Unavailable when it cannot be written, as on a full disk. Then it is as it was.
Status replace_tree_file(const std::string& root, std::string_view path, std::string_view before,
                         std::string_view after, const std::string& temporary);

// Takes away what a replace_tree_file() that was killed has left beside the file. Where it had
// already exchanged the files and what it took out is neither text, somebody had changed the file
// just then: that goes back into its place.
void clean_tree_file(const std::string& root, std::string_view path, std::string_view before,
                     std::string_view after, const std::string& temporary);

}  // namespace rondo::assist
