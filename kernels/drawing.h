// The arithmetic of drawing a token (kernels.h, Draw), the same in every table: what is added up is
// whole numbers, so that sums do not depend on their order.
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

// Distances from the likeliest token, (largest - logit) / temperature, are told apart to 2^-27; a
// token 32 or farther away is never drawn.
inline constexpr float kDrawingScale = 0x1p27f;
inline constexpr float kDrawingKeys = 0x1p32f;

// A token's distance as a number below kDrawingKeys, or no less (NaN for a NaN) when it is too far
// away. `inverse`: 1 / temperature. Every operation is rounded once.
RONDO_HOST_DEVICE inline float drawing_key(float logit, float largest, float inverse) {
#ifdef __CUDA_ARCH__
  return __fmul_rn(__fmul_rn(__fsub_rn(largest, logit), inverse), kDrawingScale);
#else
  return ((largest - logit) * inverse) * kDrawingScale;
#endif
}

RONDO_HOST_DEVICE inline float drawing_distance(uint32_t key) {
  return static_cast<float>(key) * (1 / kDrawingScale);
}

// Of exp(-distance): 2^40 for the likeliest token, 0 beyond 2^-40 of that.
RONDO_HOST_DEVICE inline uint64_t drawing_weight(float likelihood) {
  return static_cast<uint64_t>(likelihood * 0x1p40f);
}

// The weight that top-p keeps of `total`, at least something.
RONDO_HOST_DEVICE inline uint64_t drawing_target(float top_p, uint64_t total) {
  const auto wanted =
      static_cast<uint64_t>(static_cast<double>(top_p) * static_cast<double>(total));
  return top_p > 0 && wanted > 1 ? wanted : 1;
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
