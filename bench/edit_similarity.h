// How alike two texts are: one less their edit distance (Levenshtein's) as a share of the longer
// one. 1: equal, 0: nothing in common. Counted in bytes.
//
// Thread: a pure function; O(n * m).
#pragma once

#include <string_view>

namespace rondo::bench {

double edit_similarity(std::string_view a, std::string_view b);

}  // namespace rondo::bench
