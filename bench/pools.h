// From where the files of a language group are drawn: one pool for each repository, so that a large
// repository does not outweigh the others.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/corpus.h"

namespace rondo::bench {

struct Pool {
  int64_t repository = 0;      // index into Corpus::repositories
  std::vector<int64_t> files;  // indices into Repository::files, all of one group
};

// The pools of every group that the corpus has; no group is empty. A repository stands for a group
// with more than a fiftieth of its code: a lone script in a large C project says nothing of Python.
std::vector<std::vector<Pool>> pools_by_group(const Corpus& corpus);

}  // namespace rondo::bench
