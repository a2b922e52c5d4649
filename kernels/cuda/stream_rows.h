// The rows of x of a product with few rows (linear_stream.cuh): as they are, or rounded. With bf16
// weights they are rounded to bf16, with int8 or int4 weights to integers of 15 bits, in steps of
// the row's largest value / kMostSteps: 128 * high + low, bytes. Rounded rows are lines of 128
// bytes for 64 inputs each, 64 bf16 or the high and then the low bytes.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

#include "kernels/cuda/context.h"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/weights.cuh"
#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

constexpr int kRowSums = 8;  // a row's squares are the sum of so many sums, of a warp each
constexpr int kRowThreads = 32 * kRowSums;
constexpr int kRoundedTo = 64;  // rounded rows are padded with zeros to a multiple

struct StreamRows {
  const float* x = nullptr;           // f32 [T, k], rows `stride` apart, or null:
  const uint16_t* rounded = nullptr;  // lines of [T, k padded with zeros to kRoundedTo], or null
  int64_t stride = 0;                 // inputs
  int32_t n_rows = 0;
  // The norm of x, if any: its weights and eps; or f32 [T] what the sums of a row are multiplied
  // with, if anything: the norm's factor, the step.
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

constexpr float kMostSteps = 127 * 128 + 63;  // so that the high byte is one

// What a row's integers depend on: of the calling warp's share, then of the row.
struct RowRange {
  float squares = 0, largest = 0;
};

// A row's, of the shares of its warps in turn.
__device__ inline RowRange whole_range(const RowRange (&of_warps)[kRowSums]) {
  RowRange all;
#pragma unroll
  for (int w = 0; w < kRowSums; ++w) {
    all.squares += of_warps[w].squares;
    all.largest = fmaxf(all.largest, of_warps[w].largest);
  }
  return all;
}

// 8 values of a row, times the norm's weights; zeros behind k.
__device__ inline void load_normed(const StreamRows& in, int row, int at, int32_t k, float (&x)[8],
                                   float (&values)[8]) {
  const float* from = in.x + row * in.stride;
  load_octet(from, at, k, reinterpret_cast<uintptr_t>(from) % 16 == 0, x);
#pragma unroll
  for (int i = 0; i < 8; ++i) values[i] = x[i];
  if (in.norm_weight == nullptr) return;
  float w[8];
  load_octet(in.norm_weight, at, k, reinterpret_cast<uintptr_t>(in.norm_weight) % 16 == 0, w);
#pragma unroll
  for (int i = 0; i < 8; ++i) values[i] = x[i] * w[i];
}

// Which octets of a row are a thread's: each kRowThreads-th, or of a cluster's parts of the row.
struct OctetShare {
  __device__ explicit OctetShare(int part = 0, int n_parts = 1)
      : first(8 * (part * kRowThreads + static_cast<int>(threadIdx.x))),
        step(8 * kRowThreads * n_parts) {}
  int first, step;  // inputs
};

// By kRowThreads threads, as the next.
__device__ inline RowRange range_of_row(const StreamRows& in, int row, int32_t k,
                                        const OctetShare& share = OctetShare()) {
  RowRange range;
#pragma unroll 2
  for (int at = share.first; at < k; at += share.step) {
    float x[8], values[8];
    load_normed(in, row, at, k, x, values);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      range.squares = fmaf(x[i], x[i], range.squares);
      range.largest = fmaxf(range.largest, fabsf(values[i]));
    }
  }
  return {warp_sum(range.squares), warp_max(range.largest)};
}

// What the sums of a row are multiplied with.
__device__ inline float factor_of(const StreamRows& in, const RowRange& range, int32_t k) {
  const float step = range.largest / kMostSteps;
  return in.norm_weight == nullptr ? step : __fmul_rn(step, norm_factor(range.squares, k, in.eps));
}

// put(at, high bytes, low bytes) of 8 neighbours, in the order of Weights; zeros from k to k_end.
template <class Weights, class Put>
__device__ void quantize_row(const StreamRows& in, int row, int32_t k, int32_t k_end, float largest,
                             const Put& put, const OctetShare& share = OctetShare()) {
  const float per_step = largest > 0 ? kMostSteps / largest : 0.0f;
#pragma unroll 2
  for (int at = share.first; at < k_end; at += share.step) {
    float x[8], values[8];
    load_normed(in, row, at, k, x, values);
    uint32_t high[2] = {}, low[2] = {};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int steps = __float2int_rn(values[i] * per_step), h = (steps + 64) >> 7;
      high[i / 4] |= (static_cast<uint32_t>(h) & 0xff) << (8 * (i % 4));
      low[i / 4] |= (static_cast<uint32_t>(steps - 128 * h) & 0xff) << (8 * (i % 4));
    }
    put(at, Weights::arrange_bytes({high[0], high[1]}), Weights::arrange_bytes({low[0], low[1]}));
  }
}

// Queues: `rows` become rounded ones with factors, in scratch memory, for weights of `type`.
int round_rows(StreamRows& rows, int32_t k, WeightType type, Context& context);

}  // namespace rondo::kernels::cuda
