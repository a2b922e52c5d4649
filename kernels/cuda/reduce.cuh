// Small things that every kernel needs: bf16 values, sums over a warp and over a block.
// Butterflies: every lane has the result, and the order of additions is fixed.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

namespace rondo::kernels::cuda {

__device__ inline float bf16_value(uint16_t bits) { return __uint_as_float(uint32_t{bits} << 16); }

// The two bf16 of a 32-bit word, the first in its low half.
__device__ inline float2 bf16_pair(uint32_t word) {
  return {__uint_as_float(word << 16), __uint_as_float(word & 0xffff0000u)};
}

__device__ inline uint16_t to_bf16(float value) {
  return __bfloat16_as_ushort(__float2bfloat16_rn(value));
}

__device__ inline float warp_sum(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  }
  return value;
}

__device__ inline float warp_max(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, distance));
  }
  return value;
}

// Values at .. at + 3 of an array of n, `otherwise` behind its end. `aligned`: the array and `at`
// are, to 16 bytes.
__device__ inline float4 load_four(const float* values, int at, int n, bool aligned,
                                   float otherwise = 0) {
  if (aligned && at + 4 <= n) return *reinterpret_cast<const float4*>(values + at);
  return {at < n ? values[at] : otherwise, at + 1 < n ? values[at + 1] : otherwise,
          at + 2 < n ? values[at + 2] : otherwise, at + 3 < n ? values[at + 3] : otherwise};
}
__device__ inline void store_four(float* to, int at, int n, bool aligned, const float4& four) {
  if (aligned && at + 4 <= n) {
    *reinterpret_cast<float4*>(to + at) = four;
    return;
  }
  const float values[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (at + i < n) to[at + i] = values[i];
  }
}

// Over all kThreads threads of a block. REQUIRES: every thread calls it.
template <int kThreads>
__device__ float block_sum(float value) {
  static_assert(kThreads % 32 == 0 && kThreads <= 1024);
  __shared__ float sums[kThreads / 32];
  value = warp_sum(value);
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = value;
  __syncthreads();
  const int lane = threadIdx.x % 32;
  return warp_sum(lane < kThreads / 32 ? sums[lane] : 0.0f);
}

}  // namespace rondo::kernels::cuda
