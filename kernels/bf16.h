// bfloat16 <-> float, and reads of values that a mapped file left unaligned.
//
// Thread: pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace rondo::kernels {

inline float bf16_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

// Rounds to nearest even. NaN stays NaN, infinity stays infinity.
inline uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (value != value) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// bf16 number `index` of an array that may be unaligned to 2 bytes.
inline float load_bf16(const void* array, int64_t index) {
  uint16_t bits;
  std::memcpy(&bits, static_cast<const char*>(array) + index * 2, sizeof(bits));
  return bf16_to_float(bits);
}

}  // namespace rondo::kernels
