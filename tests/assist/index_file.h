// A file of a test's workspace.
//
// Thread: one test.
#pragma once

#include <memory>
#include <string>

#include "workspace/block_index.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"
#include "workspace/languages.h"

namespace rondo::assist {

// Cuts `bytes` into Blocks and puts them into `index`, in place of what it has of `path`.
inline void index_file(workspace::BlockIndex& index, const std::string& path,
                       const std::string& bytes) {
  workspace::BlockQueries queries;
  workspace::Chunker chunker(queries);
  const auto text = std::make_shared<const workspace::Text>(bytes);
  const auto& language = workspace::language_of_file(path, bytes);
  index.replace({.path = path,
                 .language = &language,
                 .text = text,
                 .blocks = chunker.chunk(language, text).value().blocks});
}

}  // namespace rondo::assist
