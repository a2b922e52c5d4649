// Names that a misspelt one may have meant: known ones that differ from it by a slip of the
// fingers.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rondo::assist {

// How many letters must be put in, left out, exchanged for others or for their neighbour to make
// `b` of `a` (Damerau 1964, each place edited once); more than `limit` is limit + 1.
int edit_distance(std::string_view a, std::string_view b, int limit);

// Of `known`, those nearest to `name`: one slip away, or two where it has at least 8 letters, all
// at the same distance, in the order of `known`, each once. A name of fewer than 3 letters is like
// none.
std::vector<std::string> similar_names(std::string_view name,
                                       const std::vector<std::string>& known);

}  // namespace rondo::assist
