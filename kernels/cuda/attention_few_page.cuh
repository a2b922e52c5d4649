// What a warp of attention_few.cu does with a page: 16 keys and values of one KV head, for one row
// of up to 8 query heads. They go from memory to registers as B of the tensor cores (mma.cuh);
// queries and weights are A, the sum of two bf16 in rows g (a query head) and g + 8.
//
//   keys     lane (g, t) has elements 32c + 8t .. + 7 of keys g and g + 8: column g of products
//            over the elements
//   values   lane (g, t) has elements 64b + 8g .. + 7 of keys 2t, 2t + 1, 2t + 8 and 2t + 9: column
//            g of products over the keys, one for each of the 8 elements
//
// So a lane's sums are of elements 64b + 16t .. + 15 of head g.
#pragma once

#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/weights.cuh"

namespace rondo::kernels::cuda::attention_few {

// How often a block reads a page.
enum class Reads { kOnce, kOnceARow };

// 16 bytes of memory that nobody writes meanwhile.
template <Reads kReads>
__device__ inline uint4 read(const uint16_t* at) {
  uint4 v;
  if constexpr (kReads == Reads::kOnce) {
    asm volatile("ld.global.L1::no_allocate.L2::128B.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(at));
  } else {
    asm volatile("ld.global.L2::128B.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(at));
  }
  return v;
}

template <int kDims>
struct Page {
  static_assert(kDims % 64 == 0, "values come in blocks of 64 elements");
  uint4 keys[2][kDims / 32];
  uint4 values[kDims / 64][4];

  // `from`: the page's keys of one head. Those that are not seen may never have been written.
  template <Reads kReads>
  __device__ void load_keys(const uint16_t* from, int dim, const SeenKeys& seen) {
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (int tile = 0; tile < 2; ++tile) {
#pragma unroll
      for (int c = 0; c < kDims / 32; ++c) {
        const int key = 8 * tile + g, element = 32 * c + 8 * t;
        keys[tile][c] = uint4{};
        if (seen.has(key) && element < dim)
          keys[tile][c] = read<kReads>(from + key * dim + element);
      }
    }
  }
  template <Reads kReads>
  __device__ void load_values(const uint16_t* from, int dim, const SeenKeys& seen) {
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int key = 2 * t + i % 2 + i / 2 * 8;
#pragma unroll
      for (int b = 0; b < kDims / 64; ++b) {
        const int element = 64 * b + 8 * g;
        values[b][i] = uint4{};
        if (seen.has(key) && element < dim) values[b][i] = read<kReads>(from + key * dim + element);
      }
    }
  }

  // Not by copying the arrays: nvcc 13.0 leaves out half of them.
  __device__ void take_keys(const Page& other) {
#pragma unroll
    for (int tile = 0; tile < 2; ++tile) {
#pragma unroll
      for (int c = 0; c < kDims / 32; ++c) keys[tile][c] = other.keys[tile][c];
    }
  }
  __device__ void take_values(const Page& other) {
#pragma unroll
    for (int b = 0; b < kDims / 64; ++b) {
#pragma unroll
      for (int i = 0; i < 4; ++i) values[b][i] = other.values[b][i];
    }
  }
};

// The queries of a row, times scale and log2 e: head g in two bf16.
template <int kDims>
struct Queries {
  __device__ Queries(const AttentionParams& p, int row, int head, int n_heads) {
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    const float* q = p.q + row * p.q_stride + int64_t{head + g} * p.head_dim;
    const bool aligned = reinterpret_cast<uintptr_t>(q) % 16 == 0;
#pragma unroll
    for (int c = 0; c < kDims / 32; ++c) {
      float x[8] = {};
      if (g < n_heads) load_octet(q, 32 * c + 8 * t, p.head_dim, aligned, x);
#pragma unroll
      for (float& element : x) element *= p.scale * kLog2E;
      octets[c].split(x);
    }
  }

  RowOctet<Bf16Weights> octets[kDims / 32];
};

// The online softmax of a warp: of head g the largest score, and this lane's part of the sum of
// weights and of the values' sums, these in two parts.
template <int kDims>
struct Softmax {
  float max = kMasked, sum = 0;
  float out[kDims / 8][4] = {};

  // Scores of keys 2t, 2t + 1, 2t + 8, 2t + 9.
  __device__ static void scores(const Queries<kDims>& queries, const Page<kDims>& page,
                                const SeenKeys& seen, float (&score)[4]) {
    const int t = threadIdx.x % 4;
#pragma unroll
    for (int tile = 0; tile < 2; ++tile) {
      float d[4] = {};
#pragma unroll
      for (int c = 0; c < kDims / 32; ++c) {
        const RowOctet<Bf16Weights>& q = queries.octets[c];
        const uint4& key = page.keys[tile][c];
        mma(d, q.upper[0], q.lower[0], q.upper[1], q.lower[1], key.x, key.y);
        mma(d, q.upper[2], q.lower[2], q.upper[3], q.lower[3], key.z, key.w);
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        score[2 * tile + i] = seen.has(tile * 8 + 2 * t + i) ? d[i] + d[i + 2] : kMasked;
      }
    }
  }

  __device__ void add(const float (&score)[4], const Page<kDims>& page) {
    float largest = fmaxf(fmaxf(score[0], score[1]), fmaxf(score[2], score[3]));
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 2));
    largest = fmaxf(largest, max);
    if (__any_sync(~0u, largest > max)) {
      const float rescale = exp2f(max - largest);
      max = largest;
      sum *= rescale;
#pragma unroll
      for (auto& d : out) {
#pragma unroll
        for (float& element : d) element *= rescale;
      }
    }
    float weight[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) sum += weight[i] = exp2f(score[i] - max);
    const uint32_t a0 = pack_bf16(weight[0], weight[1]), a2 = pack_bf16(weight[2], weight[3]);
    const float2 r0 = bf16_pair(a0), r2 = bf16_pair(a2);
    const uint32_t a1 = pack_bf16(weight[0] - r0.x, weight[1] - r0.y);
    const uint32_t a3 = pack_bf16(weight[2] - r2.x, weight[3] - r2.y);
#pragma unroll
    for (int b = 0; b < kDims / 64; ++b) {
      const uint4(&v)[4] = page.values[b];
      const uint32_t words[4][4] = {{v[0].x, v[1].x, v[2].x, v[3].x},
                                    {v[0].y, v[1].y, v[2].y, v[3].y},
                                    {v[0].z, v[1].z, v[2].z, v[3].z},
                                    {v[0].w, v[1].w, v[2].w, v[3].w}};
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const uint32_t(&w)[4] = words[i / 2];
        const unsigned half =
            i % 2 == 0 ? 0x5410 : 0x7632;  // the low or the high ones of two words
        mma(out[8 * b + i], a0, a1, a2, a3, __byte_perm(w[0], w[1], half),
            __byte_perm(w[2], w[3], half));
      }
    }
  }

  // Of head g.
  __device__ float whole_sum() const {
    const float pair = sum + __shfl_xor_sync(~0u, sum, 1);
    return pair + __shfl_xor_sync(~0u, pair, 2);
  }
  // Elements 64b + 16t + 4 * quarter .. + 3 of head g.
  __device__ float4 quad(int b, int quarter) const {
    float four[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float(&d)[4] = out[8 * b + 4 * (quarter % 2) + i];
      four[i] = quarter < 2 ? d[0] + d[2] : d[1] + d[3];
    }
    return {four[0], four[1], four[2], four[3]};
  }
};

}  // namespace rondo::kernels::cuda::attention_few
