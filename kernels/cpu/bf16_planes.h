// Floats as two bf16 each, high and low, which together keep 16 bits: what tiles and dot products
// of bf16 multiply where 8 bits are not enough.
//
// Thread: pure functions.
#pragma once

#include <hwy/base.h>
#include <immintrin.h>

#include <cstdint>

HWY_PUSH_ATTRIBUTES("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")

namespace rondo::kernels {

// The nearest number whose low 16 bits are zero.
inline __m512 round_to_bf16(__m512 value) {
  const __m512i bits = _mm512_add_epi32(_mm512_castps_si512(value), _mm512_set1_epi32(0x8000));
  return _mm512_castsi512_ps(_mm512_and_si512(bits, _mm512_set1_epi32(~0xffff)));
}

// The high and the low bf16 of 32 floats, in order: `first`, then `second`. Below 2^-126 is zero.
inline void split_to_planes(__m512 first, __m512 second, void* high, void* low) {
  const __m512 first_high = round_to_bf16(first), second_high = round_to_bf16(second);
  _mm512_store_si512(high, (__m512i)_mm512_cvtne2ps_pbh(second_high, first_high));
  _mm512_store_si512(low, (__m512i)_mm512_cvtne2ps_pbh(_mm512_sub_ps(second, second_high),
                                                       _mm512_sub_ps(first, first_high)));
}

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
