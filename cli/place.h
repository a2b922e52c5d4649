// FILE:LINE:COLUMN on the command line, and the document and workspace folder that it means.
//
// Thread: the main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "workspace/document_store.h"

namespace rondo::cli {

struct Place {
  std::string workspace;  // absolute
  std::shared_ptr<const workspace::Document> document;
  int64_t offset = 0;  // byte offset of the cursor
};

// Reads the file of `spec`, "FILE:LINE:COLUMN" with both counted from 1, the column in bytes; the
// column behind the last byte of a line is its end. `workspace` is the folder whose files count as
// context; empty: the nearest folder above the file with a .git or a .rondo.json, else the file's
// own. Errors: NotFound; InvalidArgument for a bad spec, a place that the file does not have or
// that lies inside a character, a file that is excluded; those of workspace::read_source.
Result<Place> find_place(const std::string& spec, const std::string& workspace);

// The nearest folder around `folder`, or itself, with a .git or a .rondo.json; else `folder`.
// REQUIRES: it is absolute.
std::string workspace_around(const std::string& folder);

// The folder that is worked in: `folder` itself, absolute and without links; empty: the nearest
// around the current folder with a .git or a .rondo.json, else the current one.
// Errors: NotFound when it is no folder.
Result<std::string> find_workspace(const std::string& folder);

}  // namespace rondo::cli
