#include "assist/healed_word.h"

#include <cstdint>

#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr int kMaxCharacters = 60;

bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string_view healed_word(std::string_view prefix) {
  size_t begin = prefix.size();
  int n_characters = 0;
  while (begin > 0 && is_word_byte(prefix[begin - 1])) {
    --begin;
    if (!is_continuation(prefix[begin]) && ++n_characters > kMaxCharacters) return {};
  }
  if (begin == prefix.size()) return {};
  if (begin > 0 && prefix[begin - 1] == ' ') --begin;
  return prefix.substr(begin);
}

}  // namespace rondo::assist
