// The identifiers of a piece of code, by its bytes alone: quick, and enough to ask the index for
// definitions, since keywords and words of comments define nothing.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace rondo::workspace {

struct Identifier {
  std::string_view text;
  int64_t offset = 0;
};

// Every run of letters, digits and '_' (bytes beyond ASCII count as letters) of at least 3 bytes
// that does not begin with a digit, in the order of the text. The views point into `code`.
std::vector<Identifier> identifiers(std::string_view code);

}  // namespace rondo::workspace
