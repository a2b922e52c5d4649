// The rows of x of a product with few rows (linear_stream.cuh): as they are, or rounded to bf16.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

#include "kernels/cuda/context.h"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"

namespace rondo::kernels::cuda {

constexpr int kRowSums = 8;  // a row's squares are the sum of so many sums, of a warp each
constexpr int kRowThreads = 32 * kRowSums;
constexpr int kRoundedTo = 64;  // rounded rows are padded with zeros to a multiple

struct StreamRows {
  const float* x = nullptr;           // f32 [T, k], rows `stride` apart, or null:
  const uint16_t* rounded = nullptr;  // bf16 [T, k padded with zeros to kRoundedTo], without gaps
  int64_t stride = 0;                 // elements
  int32_t n_rows = 0;
  // The norm of x, if any: its weights, and then either eps, or f32 [T] factors that were computed.
  const float* norm_weight = nullptr;  // f32 [k]
  float eps = 0;
  const float* factors = nullptr;
};

// What a row of a norm is multiplied with, of the sum of its squares.
__device__ inline float norm_factor(float squares, int32_t k, float eps) {
  return 1.0f / sqrtf(__fadd_rn(squares / static_cast<float>(k), eps));
}

// A row, times the norm's weights, rounded to bf16, zeros from k to k_end: put(at, four values). By
// kRowThreads threads. Returns the sum of squares of the calling warp's share of x.
template <class Put>
__device__ float round_row(const StreamRows& in, int row, int32_t k, int32_t k_end,
                           const Put& put) {
  if (in.rounded != nullptr) {
    for (int at = 4 * threadIdx.x; at < k_end; at += 4 * kRowThreads)
      put(at, *reinterpret_cast<const uint2*>(in.rounded + row * in.stride + at));
    return 0;
  }
  const float* x = in.x + row * in.stride;
  const bool has_norm = in.norm_weight != nullptr;
  const bool aligned = reinterpret_cast<uintptr_t>(x) % 16 == 0;
  const bool aligned_norm = reinterpret_cast<uintptr_t>(in.norm_weight) % 16 == 0;
  float sum = 0;
#pragma unroll 8
  for (int at = 4 * threadIdx.x; at < k_end; at += 4 * kRowThreads) {
    float4 v = load_four(x, at, k, aligned);
    if (has_norm) {
      const float4 w = load_four(in.norm_weight, at, k, aligned_norm);
      sum = fmaf(v.x, v.x, fmaf(v.y, v.y, fmaf(v.z, v.z, fmaf(v.w, v.w, sum))));
      v = {v.x * w.x, v.y * w.y, v.z * w.z, v.w * w.w};
    }
    put(at, make_uint2(pack_bf16(v.x, v.y), pack_bf16(v.z, v.w)));
  }
  return has_norm ? warp_sum(sum) : 0;
}

// Queues: `rows` become rounded ones with factors, in scratch memory.
int round_rows(StreamRows& rows, int32_t k, Context& context);

}  // namespace rondo::kernels::cuda
