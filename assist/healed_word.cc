#include "assist/healed_word.h"

#include <cctype>
#include <cstdint>

namespace rondo::assist {
namespace {

constexpr int kMaxCharacters = 60;

bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

bool is_word(char byte) {
  const auto c = static_cast<uint8_t>(byte);
  return c >= 0x80 || std::isalnum(c) || c == '_';
}

}  // namespace

std::string_view healed_word(std::string_view prefix) {
  size_t begin = prefix.size();
  int n_characters = 0;
  while (begin > 0 && is_word(prefix[begin - 1])) {
    --begin;
    if (!is_continuation(prefix[begin]) && ++n_characters > kMaxCharacters) return {};
  }
  if (begin == prefix.size()) return {};
  if (begin > 0 && prefix[begin - 1] == ' ') --begin;
  return prefix.substr(begin);
}

}  // namespace rondo::assist
