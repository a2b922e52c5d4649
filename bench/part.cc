#include "bench/part.h"

#include <charconv>

namespace rondo::bench {

Result<Part> parse_part(const std::string& text) {
  const char* const end = text.data() + text.size();
  int64_t number = 0, count = 0;
  const auto first = std::from_chars(text.data(), end, number);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, count);
    const bool whole = second.ec == std::errc() && second.ptr == end;
    if (whole && number >= 1 && number <= count) return Part{number - 1, count};
  }
  return invalid_argument_error("\"" + text +
                                "\" is no part; write 1/4, 2/4, 3/4 and 4/4 for four");
}

}  // namespace rondo::bench
