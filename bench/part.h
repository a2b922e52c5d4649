// A part of a long measurement, so that several processes share it: each measures its own part into
// its own file of results, and a run over their concatenation finds everything known.
//
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace rondo::bench {

struct Part {
  int64_t index = 0;  // in [0, count)
  int64_t count = 1;

  // The items of n that belong to this part: [begin(n), end(n)), neighbours together.
  int64_t begin(int64_t n) const { return n * index / count; }
  int64_t end(int64_t n) const { return n * (index + 1) / count; }
};

// Reads "2/8", the second of eight. Errors: InvalidArgument.
Result<Part> parse_part(const std::string& text);

}  // namespace rondo::bench
