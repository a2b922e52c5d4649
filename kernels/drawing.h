// The arithmetic of drawing a token (kernels.h, Draw), the same to the bit in every table: what a
// token weighs is a whole number, found with whole numbers, so that neither a device's exponential
// nor the order of sums has a say.
//
//   key     how far a logit lies below the largest, at the row's temperature, in 2^-24 octaves of
//           probability, rounded up: 0 is the largest and nothing else
//   weight  2^(31 - key / 2^24), rounded; a token 32 octaves below the largest or more has none
//
// Thread: pure functions, of host and device.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define RONDO_HOST_DEVICE __host__ __device__
#else
#define RONDO_HOST_DEVICE
#endif

namespace rondo::kernels {

inline constexpr int kKeyOctaveBits = 24;
inline constexpr float kKeyOctaves = 32;
inline constexpr int kKeyBits = 29;               // of a key that has weight
inline constexpr uint32_t kNoKey = 0xffff'ffffu;  // of a token without weight

// Octaves of probability for each unit of logits. REQUIRES: temperature > 0.
RONDO_HOST_DEVICE inline float octaves_per_unit(float temperature) {
  constexpr float kLog2E = 1.44269504088896340736f;
  return kLog2E / temperature;
}

// Every operation is rounded once, and none is a product that is added to. NaN and whatever is
// infinite have no key.
RONDO_HOST_DEVICE inline uint32_t drawing_key(float logit, float largest, float octaves) {
  const float below = largest - logit;
  const float z = below == 0 ? 0 : below * octaves;
  if (!(z < kKeyOctaves)) return kNoKey;
  constexpr float kSteps = 1 << kKeyOctaveBits;
  const float steps = z * kSteps;  // exact, or else tiny
  const auto key = static_cast<uint32_t>(steps);
  return static_cast<float>(key) < steps ? key + 1 : key;
}

// Within 12 of 2^(31 - key / 2^24): the polynomial 1 - x (c1 - x (c2 - ...)) of 2^-x on [0, 1]
// through both ends and five Chebyshev points, in steps of 2^-32.
RONDO_HOST_DEVICE inline uint32_t drawing_weight(uint32_t key) {
  if (key == kNoKey) return 0;
  constexpr uint32_t kFraction = (1u << kKeyOctaveBits) - 1;
  const uint64_t x = uint64_t{key & kFraction} << (32 - kKeyOctaveBits);
  uint64_t y = 470068;
  y = 5485729 - (y * x >> 32);
  y = 41161439 - (y * x >> 32);
  y = 238345191 - (y * x >> 32);
  y = 1031760143 - (y * x >> 32);
  y = 2977044377 - (y * x >> 32);
  const uint32_t first_octave = (1u << 31) - static_cast<uint32_t>(y * x >> 33);
  const uint32_t shift = key >> kKeyOctaveBits;
  return (first_octave + ((1u << shift) >> 1)) >> shift;
}

// The least weight that is top_p of `total`, at least something.
RONDO_HOST_DEVICE inline uint64_t drawing_target(float top_p, uint64_t total) {
  const double share = static_cast<double>(top_p) * static_cast<double>(total);
  if (!(share > 1)) return 1;
  const auto whole = static_cast<uint64_t>(share);
  return static_cast<double>(whole) < share ? whole + 1 : whole;
}

// a * b / 2^64, rounded down.
RONDO_HOST_DEVICE inline uint64_t high_product(uint64_t a, uint64_t b) {
#ifdef __CUDA_ARCH__
  return __umul64hi(a, b);
#else
  return static_cast<uint64_t>((static_cast<unsigned __int128>(a) * b) >> 64);
#endif
}

}  // namespace rondo::kernels
