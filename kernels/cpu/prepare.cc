#include <hwy/base.h>
#include <immintrin.h>

#include <cmath>
#include <cstring>

#include "kernels/cpu/linear.h"

HWY_PUSH_ATTRIBUTES("avx2,fma")

namespace rondo::kernels {
namespace {

constexpr int32_t kLanes = 8;

// Lanes below `n` are all ones.
__m256i first_lanes(int32_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// x[i..i+8), zero from x[k] on.
__m256 load(const float* x, int32_t i, int32_t k) {
  if (i + kLanes <= k) return _mm256_loadu_ps(x + i);
  return _mm256_maskload_ps(x + i, first_lanes(k - i));
}

float largest_magnitude(const float* x, int32_t k) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 largest = _mm256_setzero_ps();
  for (int32_t i = 0; i < k; i += kLanes) {
    largest = _mm256_max_ps(largest, _mm256_and_ps(load(x, i, k), magnitude));
  }
  const __m128 four =
      _mm_max_ps(_mm256_castps256_ps128(largest), _mm256_extractf128_ps(largest, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// 16 of the row's integers, in order.
__m256i quantize16(const float* x, int32_t i, int32_t k, __m256 inverse) {
  const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(load(x, i, k), inverse));
  const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(load(x, i + kLanes, k), inverse));
  // packs works within 128-bit halves.
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0b11011000);
}

// The step of a row, and what to multiply by to count steps. A row too small to divide by is zero.
struct Step {
  explicit Step(float largest)
      : size(largest / 32767.0f), inverse(largest > 1e-30f ? 32767.0f / largest : 0.0f) {}
  float size;
  float inverse;
};

// The nearest number whose low 16 bits are zero.
__m256i round_to_bf16(__m256 value) {
  const __m256i bits = _mm256_add_epi32(_mm256_castps_si256(value), _mm256_set1_epi32(0x8000));
  return _mm256_and_si256(bits, _mm256_set1_epi32(static_cast<int>(0xffff0000)));
}

}  // namespace

float prepare_int16(const float* x, int32_t k, int32_t padded_k, std::byte* out) {
  const Step step(largest_magnitude(x, k));
  const __m256 inverse = _mm256_set1_ps(step.inverse);
  auto* to = reinterpret_cast<__m256i*>(out);
  for (int32_t i = 0; i < padded_k; i += 2 * kLanes) {
    _mm256_store_si256(to++, quantize16(x, i, k, inverse));
  }
  return step.size;
}

float prepare_byte_planes(const float* x, int32_t k, int32_t padded_k, std::byte* out) {
  const Step step(largest_magnitude(x, k));
  const __m256 inverse = _mm256_set1_ps(step.inverse);
  const __m256i offset = _mm256_set1_epi16(static_cast<int16_t>(0x8000));
  const __m256i low_byte = _mm256_set1_epi16(0xff);
  auto* high = reinterpret_cast<__m256i*>(out);
  auto* low = reinterpret_cast<__m256i*>(out + padded_k);
  for (int32_t i = 0; i < padded_k; i += 4 * kLanes) {
    // Adding 32768 modulo 65536 is flipping the sign bit.
    const __m256i a = _mm256_xor_si256(quantize16(x, i, k, inverse), offset);
    const __m256i b = _mm256_xor_si256(quantize16(x, i + 2 * kLanes, k, inverse), offset);
    const __m256i high_bytes =
        _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
    const __m256i low_bytes =
        _mm256_packus_epi16(_mm256_and_si256(a, low_byte), _mm256_and_si256(b, low_byte));
    _mm256_store_si256(high++, _mm256_permute4x64_epi64(high_bytes, 0b11011000));
    _mm256_store_si256(low++, _mm256_permute4x64_epi64(low_bytes, 0b11011000));
  }
  return step.size;
}

float prepare_float(const float* x, int32_t k, int32_t padded_k, std::byte* out) {
  std::memcpy(out, x, k * sizeof(float));
  std::memset(out + k * sizeof(float), 0, (padded_k - k) * sizeof(float));
  return 1;
}

float prepare_bf16_planes(const float* x, int32_t k, int32_t padded_k, std::byte* out) {
  auto* high = reinterpret_cast<__m256i*>(out);
  auto* low = reinterpret_cast<__m256i*>(out + 2 * int64_t{padded_k});
  for (int32_t i = 0; i < padded_k; i += 2 * kLanes) {
    __m256i highs[2], lows[2];
    for (int half = 0; half < 2; ++half) {
      const __m256 value = load(x, i + half * kLanes, k);
      const __m256i rounded = round_to_bf16(value);
      const __m256 rest = _mm256_sub_ps(value, _mm256_castsi256_ps(rounded));  // exact
      highs[half] = _mm256_srli_epi32(rounded, 16);
      lows[half] = _mm256_srli_epi32(round_to_bf16(rest), 16);
    }
    _mm256_store_si256(
        high++, _mm256_permute4x64_epi64(_mm256_packus_epi32(highs[0], highs[1]), 0b11011000));
    _mm256_store_si256(low++,
                       _mm256_permute4x64_epi64(_mm256_packus_epi32(lows[0], lows[1]), 0b11011000));
  }
  return 1;
}

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
