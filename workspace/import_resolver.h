// ImportResolver: what a name means in one file, as far as the file's imports say: the Blocks of
// the workspace that define it in the module it was imported from. A module that only passes a name
// on (Python's __init__, index.ts, pub use) is followed for one step.
//
// Thread: one; borrows the index, and the path and text it is given.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "workspace/block_index.h"
#include "workspace/import_statements.h"
#include "workspace/imports.h"

namespace rondo::workspace {

class ImportResolver {
 public:
  ImportResolver(std::string_view path, const Language& language, std::string_view text,
                 const BlockIndex& index);

  // The Blocks that define `name`, used here as `qualifier`.name or, with an empty qualifier, by
  // itself. Empty when imports do not say, or what they say is not in the workspace.
  std::vector<BlockRef> definitions(std::string_view qualifier, std::string_view name) const;

  // Whether the file at `path` is one of those that the imports mean.
  bool imports(std::string_view path) const { return paths_.contains(path); }

 private:
  const Importer importer_;
  const BlockIndex& index_;
  std::vector<Import> imports_;
  std::vector<std::vector<FileBlocksSnapshot>> modules_;  // [i]: the files of imports_[i]
  std::vector<FileBlocksSnapshot> whole_;  // of the modules of which every name is brought
  std::set<std::string, std::less<>> paths_;
  // What a local name stands for: modules_[i] as a whole, or one of its names.
  std::map<std::string_view, size_t> bound_;
  std::map<std::string_view, std::pair<size_t, std::string_view>> named_;
};

}  // namespace rondo::workspace
