// Brackets that an answer lacks or has too many of: what it could have been instead.
//
// Thread: a pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rondo::assist {

// Texts near `answer`, the nearest first: with the brackets and quotes that it left open, or that
// it and `line_before`, which it goes on with, did; without the first bracket that it did not open,
// and without all from there on. Strings and comments are not understood, so a grammar has to say
// which is right. None when brackets match.
std::vector<std::string> bracket_repairs(std::string_view line_before, std::string_view answer);

}  // namespace rondo::assist
