// Excerpts: consecutive lines of real files, to be read from left to right.
//
// Thread: pure functions, the same excerpts for the same corpus and seed on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/corpus.h"

namespace rondo::bench {

struct Excerpt {
  int64_t repository = 0;  // index into Corpus::repositories
  int64_t file = 0;        // index into Repository::files
  int64_t begin = 0;       // bytes of the file's text, both at line starts
  int64_t end = 0;

  bool operator==(const Excerpt&) const = default;
};

// At most `n_excerpts` of 800 to 2,000 bytes, as many of every group that the corpus has, spread
// over its repositories; in the order of the corpus, no two share a byte.
std::vector<Excerpt> cut_excerpts(const Corpus& corpus, int64_t n_excerpts, uint64_t seed);

}  // namespace rondo::bench
