#include "workspace/identifiers.h"

#include <array>

namespace rondo::workspace {
namespace {

constexpr int64_t kMinBytes = 3;

constexpr bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

constexpr std::array<bool, 256> kInIdentifier = [] {
  std::array<bool, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const auto byte = static_cast<uint8_t>(i);
    const uint8_t lower = byte | 0x20;
    table[byte] = byte >= 0x80 || byte == '_' || is_digit(byte) || (lower >= 'a' && lower <= 'z');
  }
  return table;
}();

bool in_identifier(char c) { return kInIdentifier[static_cast<uint8_t>(c)]; }

}  // namespace

std::vector<Identifier> identifiers(std::string_view code) {
  std::vector<Identifier> found;
  const auto size = static_cast<int64_t>(code.size());
  for (int64_t begin = 0; begin < size;) {
    if (!in_identifier(code[begin])) {
      ++begin;
      continue;
    }
    int64_t end = begin + 1;
    while (end < size && in_identifier(code[end])) ++end;
    if (end - begin >= kMinBytes && !is_digit(static_cast<uint8_t>(code[begin]))) {
      found.push_back({.text = code.substr(begin, end - begin), .offset = begin});
    }
    begin = end;
  }
  return found;
}

}  // namespace rondo::workspace
