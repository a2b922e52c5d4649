// One character of UTF-8.
//
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rondo::engine {

struct Character {
  char32_t code = 0;
  size_t n_bytes = 0;  // 0: the byte begins no valid UTF-8 sequence
};

// The character at the start of `text`, by the definition of UTF-8: no overlong forms, no
// surrogates, nothing above U+10FFFF. REQUIRES: text is not empty.
inline Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t n_bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xC0 || lead > 0xF4 || text.size() < n_bytes) return {};
  char32_t code = lead & (0x7F >> n_bytes);
  for (size_t i = 1; i < n_bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kSmallest[n_bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, n_bytes};
}

}  // namespace rondo::engine
