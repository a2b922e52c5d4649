// What warps and blocks of attention_few.cu have of a row, and how it becomes one: warps leave
// their parts in the block's memory; blocks send them to each other within a cluster, and where
// there are too many for one, leave them in the device's memory for the block that is through last.
// The order of sums is that of the splits in both cases, and gives the same bits.
#pragma once

#include "kernels/cuda/attention_few_page.cuh"
#include "kernels/cuda/attention_few_work.cuh"
#include "kernels/cuda/cluster.cuh"

namespace rondo::kernels::cuda::attention_few {

// The softmax over a part of the entries, logarithms to the base 2.
struct Partial {
  float max, sum;
};

__device__ inline float4 scaled(const float4& a, float factor, const float4& plus) {
  return {fmaf(a.x, factor, plus.x), fmaf(a.y, factor, plus.y), fmaf(a.z, factor, plus.z),
          fmaf(a.w, factor, plus.w)};
}

__device__ inline void add_part(Partial& all, float4& sum, const Partial& part,
                                const float4& more) {
  const float largest = fmaxf(all.max, part.max);
  const float old = exp2f(all.max - largest), now = exp2f(part.max - largest);
  all = {largest, fmaf(part.sum, now, all.sum * old)};
  sum = scaled(more, now, scaled(sum, old, {}));
}

// Of kWarps parts. A part that is empty, {kMasked, 0}, changes nothing, here and above.
__device__ inline Partial merge_parts(const Partial (&parts)[kWarps], const float4 (&sums)[kWarps],
                                      float4& sum) {
  Partial all = {kMasked, 0};
#pragma unroll
  for (int i = 0; i < kWarps; ++i) all.max = fmaxf(all.max, parts[i].max);
  sum = {};
#pragma unroll
  for (int i = 0; i < kWarps; ++i) {
    const float factor = exp2f(parts[i].max - all.max);
    all.sum = fmaf(parts[i].sum, factor, all.sum);
    sum = scaled(sums[i], factor, sum);
  }
  return all;
}

// What the warps of a block have of each branch, of their entries or later of the splits. Quads of
// elements lie where 8 lanes that store, or load, hit different banks.
template <int kDims>
struct Parts {
  Partial softmax[2][kWarps][kHeads];
  float4 sums[2][kWarps][kHeads][kDims / 4];

  __device__ static int place(int head, int quad) { return quad ^ ((quad / 8 % 2) + head % 2 * 2); }

  __device__ void put(int branch, const Softmax<kDims>& mine) {
    const int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    const float sum = mine.whole_sum();
    if (t == 0) softmax[branch][warp][g] = {mine.max, sum};
#pragma unroll
    for (int b = 0; b < kDims / 64; ++b) {
#pragma unroll
      for (int quarter = 0; quarter < 4; ++quarter) {
        sums[branch][warp][g][place(g, 16 * b + 4 * t + quarter)] = mine.quad(b, quarter);
      }
    }
  }

  // Of all warps.
  __device__ Partial merge(int branch, int head, int quad, float4& sum) const {
    Partial parts[kWarps];
    float4 quads[kWarps];
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      parts[w] = softmax[branch][w][head];
      quads[w] = sums[branch][w][head][place(head, quad)];
    }
    return merge_parts(parts, quads, sum);
  }
};

// What the blocks of a cluster send each other: block r merges quads r, r + n, .. of n splits.
template <int kDims>
struct Inbox {
  static constexpr int kQuads = kHeads * kDims / 4;
  float2 softmax[2][kQuads + kMaxCluster<kDims>];  // [quad of this block][split], n splits a quad
  float4 sums[2][kQuads + kMaxCluster<kDims>];

  __device__ void send(const Work<kDims>& work, const Parts<kDims>& parts) {
    for (int branch = 0; branch < 2; ++branch) {
      if (!work.has(branch)) continue;
      for (int i = threadIdx.x; i < work.n_heads * kDims / 4; i += kThreads) {
        float4 sum;
        const Partial all = parts.merge(branch, i / (kDims / 4), i % (kDims / 4), sum);
        const int to = i % work.n_splits, at = i - to + work.split;
        write_to_block(&softmax[branch][at], to, {all.max, all.sum});
        write_to_block(&sums[branch][at], to, sum);
      }
    }
  }

  // Of all splits that have entries of the branch, as warps would that take turns (Splits::get).
  __device__ Partial merge(const Work<kDims>& work, int branch, int quad, float4& sum) const {
    const int begin = quad / work.n_splits * work.n_splits;
    const int first = work.first_split(branch), end = work.end_split(branch);
    Partial parts[kWarps];
    float4 quads[kWarps];
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      parts[w] = {kMasked, 0}, quads[w] = {};
#pragma unroll
      for (int s = first + w; s < first + kMaxCluster<kDims>; s += kWarps) {
        if (s >= end) continue;
        const float2 part = softmax[branch][begin + s];
        add_part(parts[w], quads[w], {part.x, part.y}, sums[branch][begin + s]);
      }
    }
    return merge_parts(parts, quads, sum);
  }
};

// What blocks leave for the last of their row and heads.
template <int kDims>
struct Splits {
  Partial* softmax;   // [places][n_splits][n_branches][n_heads]
  float4* sums;       // [places][n_splits][n_branches][n_heads][kDims / 4]
  unsigned* arrived;  // [places], zero before and after
  int n_splits, n_branches, n_heads;

  __device__ int64_t at(const Work<kDims>& work, int split, int branch, int head) const {
    return ((int64_t{work.place} * n_splits + split) * n_branches + branch) * n_heads + head;
  }

  __device__ void put(const Work<kDims>& work, const Parts<kDims>& parts) const {
    for (int branch = 0; branch < n_branches; ++branch) {
      if (!work.has(branch)) continue;
      for (int i = threadIdx.x; i < work.n_heads * kDims / 4; i += kThreads) {
        const int head = i / (kDims / 4), quad = i % (kDims / 4);
        const int64_t to = at(work, work.split, branch, head);
        float4 sum;
        const Partial all = parts.merge(branch, head, quad, sum);
        if (quad == 0) softmax[to] = all;
        sums[to * (kDims / 4) + quad] = sum;
      }
    }
  }

  // True in one of the work's blocks, when what all have put can be read.
  __device__ bool is_last(const Work<kDims>& work) const {
    __shared__ bool last;
    __syncthreads();
    if (threadIdx.x == 0) {
      const unsigned most = work.n_splits - 1;
      unsigned before;  // the last makes it zero
      asm volatile("atom.acq_rel.gpu.global.inc.u32 %0, [%1], %2;"
                   : "=r"(before)
                   : "l"(arrived + work.place), "r"(most)
                   : "memory");
      last = before == most;
    }
    __syncthreads();
    return last;
  }

  // A warp's splits of one branch, every kWarps-th, into its part.
  __device__ void get(const Work<kDims>& work, int branch, Parts<kDims>& parts) const {
    constexpr int kMine = kHeads * kDims / 4 / 32;  // quads of a lane
    constexpr int kBatch = kDims <= 64 ? 3 : 2;     // splits whose loads go together
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, end = work.end_split(branch);
    Partial all[kMine];
    float4 sum[kMine];
#pragma unroll
    for (int k = 0; k < kMine; ++k) all[k] = {kMasked, 0}, sum[k] = {};
    for (int s = work.first_split(branch) + warp; s < end; s += kWarps * kBatch) {
      Partial part[kBatch][kMine];
      float4 more[kBatch][kMine];
#pragma unroll
      for (int b = 0; b < kBatch; ++b) {
#pragma unroll
        for (int k = 0; k < kMine; ++k) {
          const int split = s + b * kWarps, i = lane + 32 * k, head = i / (kDims / 4);
          part[b][k] = {kMasked, 0}, more[b][k] = {};
          if (split >= end || head >= work.n_heads) continue;
          const int64_t from = at(work, split, branch, head);
          const float2 pair = __ldcg(reinterpret_cast<const float2*>(softmax + from));
          part[b][k] = {pair.x, pair.y};
          more[b][k] = __ldcg(sums + from * (kDims / 4) + i % (kDims / 4));
        }
      }
#pragma unroll
      for (int b = 0; b < kBatch; ++b) {
#pragma unroll
        for (int k = 0; k < kMine; ++k) {
          add_part(all[k], sum[k], part[b][k], more[b][k]);
        }
      }
    }
#pragma unroll
    for (int k = 0; k < kMine; ++k) {
      const int i = lane + 32 * k, head = i / (kDims / 4), quad = i % (kDims / 4);
      if (quad == 0) parts.softmax[branch][warp][head] = all[k];
      parts.sums[branch][warp][head][parts.place(head, quad)] = sum[k];
    }
  }
};

}  // namespace rondo::kernels::cuda::attention_few
