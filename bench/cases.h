// The cases of the measurements that fill holes of any code: rests of lines, whole lines and bodies
// of functions, a third each.
//
// Thread: pure functions, the same cases for the same corpus and seed on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/corpus.h"
#include "bench/holes.h"
#include "bench/part.h"

namespace rondo::bench {

// At most `n_cases`, in the order of the corpus; of them, those of `part`.
std::vector<Hole> cut_cases(const Corpus& corpus, int64_t n_cases, uint64_t seed, Part part);

// The lines of a hole that no context may have: all, but for the short ones of a body, which stand
// everywhere ("return nil;") and give nothing away.
std::vector<std::string> forbidden_lines(std::string_view text, const Hole& hole);

}  // namespace rondo::bench
