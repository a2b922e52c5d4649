// Bodies of functions as holes: everything between the line that opens a function and the one that
// closes it.
//
// Thread: a pure function, the same holes for the same corpus and seed on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/corpus.h"
#include "bench/holes.h"

namespace rondo::bench {

// At most `n_holes` holes of HoleKind::kBody, as many in every group that the corpus has; in the
// order of the corpus. A body has 2 to 8 lines and at most 400 bytes, and 100 or more before it; it
// begins behind its first line's indentation.
std::vector<Hole> cut_bodies(const Corpus& corpus, int64_t n_holes, uint64_t seed);

}  // namespace rondo::bench
