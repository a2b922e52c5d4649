#include "assist/code_indent.h"

#include <algorithm>

namespace rondo::assist {

std::string indent_at(const workspace::Text& text, int64_t offset) {
  const std::string_view line = text.slice(text.line(text.line_at(offset)));
  return std::string(line.substr(0, std::min(line.find_first_not_of(" \t"), line.size())));
}

std::string indent_unit(const workspace::Text& text) {
  size_t fewest = 0;
  for (int64_t line = 0; line < text.line_count(); ++line) {
    const std::string_view bytes = text.slice(text.line(line));
    const size_t blanks = bytes.find_first_not_of(" \t\r");
    if (blanks == bytes.npos || blanks == 0) continue;
    if (bytes[0] == '\t') return "\t";
    // " * " of comments is no step.
    if (blanks >= 2 && (fewest == 0 || blanks < fewest)) fewest = blanks;
  }
  return std::string(fewest == 0 ? 4 : fewest, ' ');
}

workspace::ByteRange whole_lines(const workspace::Text& text, workspace::ByteRange bytes) {
  const int64_t first = text.line_at(bytes.begin);
  int64_t last = text.line_at(bytes.end);
  if (last > first && text.line(last).begin == bytes.end) --last;  // ends with a line end
  return {.begin = text.line(first).begin, .end = text.line_with_end(last).end};
}

}  // namespace rondo::assist
