// Lines as they are compared: without the blanks around them.
//
// Thread: pure functions.
#pragma once

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/characters.h"

namespace rondo::workspace {

inline std::string_view trim_line(std::string_view line) { return trimmed(line, " \t\r"); }

// It has more than signs, which stand everywhere.
inline bool says_something(std::string_view line) {
  return std::any_of(line.begin(), line.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

// Calls visit(line) for each trimmed line.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    visit(trim_line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace rondo::workspace
