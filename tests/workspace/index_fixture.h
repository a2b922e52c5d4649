// An index over texts given in the test.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "workspace/block_index.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"

namespace rondo::workspace {

inline TextSnapshot snapshot(std::string bytes) {
  return std::make_shared<const Text>(std::move(bytes));
}

class IndexFixture : public testing::Test {
 protected:
  FileBlocks cut(const std::string& path, std::string bytes) {
    const Language& language = language_of_file(path, bytes);
    const TextSnapshot text = snapshot(std::move(bytes));
    return {.path = path,
            .language = &language,
            .text = text,
            .blocks = chunker_.chunk(language, text)->blocks};
  }

  void put(const std::string& path, std::string bytes) {
    index_.replace(cut(path, std::move(bytes)));
  }

  BlockQueries queries_;
  Chunker chunker_{queries_};
  BlockIndex index_;
};

}  // namespace rondo::workspace
