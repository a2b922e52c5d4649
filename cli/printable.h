// Names of files as a terminal may get them: they can hold anything, line ends and commands to the
// terminal, too.
//
// Thread: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace rondo::cli {

// `name` with its control characters as "\\x1b".
inline std::string printable(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const bool second_half = i > 0 && static_cast<unsigned char>(name[i - 1]) == 0xC2;
    const bool controls = byte < 0x20 || byte == 0x7F || (second_half && byte < 0xA0);
    if (!controls) {
      text += name[i];
      continue;
    }
    text += "\\x";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace rondo::cli
