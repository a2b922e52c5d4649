// 128-bit content hashes (XXH3). Not cryptographic: keys of caches whose content is compared on a
// hit.
//
// Thread: values and pure functions.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rondo {

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;

  auto operator<=>(const Hash128&) const = default;
  // 32 lower-case hexadecimal digits.
  std::string to_string() const;
};

Hash128 hash_bytes(std::span<const std::byte> bytes);
Hash128 hash_text(std::string_view text);
// The hash of a pair; not commutative.
Hash128 hash_combine(Hash128 a, Hash128 b);

template <typename T>
Hash128 hash_values(std::span<const T> values) {
  return hash_bytes(std::as_bytes(values));
}

// For std::unordered_map: the bits are already well mixed.
struct Hash128Hasher {
  size_t operator()(const Hash128& hash) const { return hash.low; }
};

}  // namespace rondo
