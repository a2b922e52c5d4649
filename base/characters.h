// Questions about the bytes of a text that several parts ask.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace rondo {

// A letter, digit or underscore; every byte of a character beyond ASCII counts as a letter.
inline bool is_word_byte(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x80 || byte == '_' || (byte >= '0' && byte <= '9') ||
         ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

// `text` without the bytes of `blanks` at its ends.
inline std::string_view trimmed(std::string_view text, std::string_view blanks) {
  const size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

}  // namespace rondo
