// Attention of up to 16 rows: a decode step, limited by reading the keys and values once.
//
// A block takes one row, up to 8 query heads of one KV head, and a split of the page-table entries;
// a second kernel merges the splits. Splits are as long as needed that a row has kMaxSplits at
// most, and at least an entry for each warp. A warp takes entries in turn, with kStages pages on
// their way: keys to places of its lanes' own, values to rows in shared memory. Queries and weights
// are A of the tensor cores (mma.cuh), 8 keys or 8 elements of a value are B:
//
//   keys     lane (g, t) copies and reads 16 bytes of key g: elements 8t.. of each 32
//   values   [16 keys][16-byte chunks], chunk c of key k at c ^ (k % 8), read transposed
//
// Numerics: queries (times scale and log2 e) and weights are the sum of two bf16 in rows g and g +
// 8 of A, products are exact, sums float32, exponentials by exp2f. Splits, warps and tiles depend
// on what the row sees: its bits do not depend on what else is in the call. Memory: kStages * 32
// KiB of shared memory for heads of 128.

#include <algorithm>

#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/weights.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = 32 * kWarps;
constexpr int kStages = 2;  // look_up counts on it
constexpr int kHeads = 8;   // query heads of a block
constexpr int kMaxSplits = 64;

__host__ __device__ inline int split_entries(int n_entries) {
  return max(1, (n_entries + kMaxSplits * kWarps - 1) / (kMaxSplits * kWarps)) * kWarps;
}

// A row, the index-th of all spans from first_row on.
struct Row {
  __device__ Row(const AttentionParams& p, int index) {
    for (int s = 0; s < p.n_spans; ++s) {
      int first = 0;
      const int n_rows = rows_of(p, p.spans[s], first);
      if (index >= n_rows) {
        index -= n_rows;
        continue;
      }
      exists = true;
      entries.span = p.spans[s];
      row = entries.span.first_row + first + index;
      entries.last_slot = entries.span.first_slot + first + index;
      entries.first_slot = p.window == 0 ? 0 : max(0, entries.last_slot - p.window + 1);
      entries.first_own = entries.first_slot / kPageTokens;
      return;
    }
  }

  bool exists = false;
  int row = 0;
  Entries entries;
};

// The softmax of a split, logarithms to the base 2; [index of the row][head][split].
struct Partial {
  float max, sum;
};

template <int kDims>
struct Ring {
  static constexpr int kChunks = kDims / 8;  // of 16 bytes, a key or a value
  uint4 keys[kStages][kPageTokens / 8][kDims / 32][kThreads];
  uint4 values[kStages][kWarps][kPageTokens][kChunks];
};

// The pages of a warp's entries begin, begin + kWarps, .. below end.
template <int kDims>
class PageStream {
 public:
  __device__ PageStream(const AttentionParams& p, const Entries& entries, int kv_head, int begin,
                        int end)
      : p_(p),
        entries_(entries),
        ring_(*reinterpret_cast<Ring<kDims>*>(dynamic_shared())),
        kv_head_(kv_head),
        begin_(begin),
        end_(end) {}

  __device__ int count() const { return max(0, (end_ - begin_ + kWarps - 1) / kWarps); }

  // Looks the 32 entries from the index-th on up, one a lane.
  __device__ void look_up(int index) {
    const int entry = begin_ + (index + static_cast<int>(threadIdx.x % 32)) * kWarps;
    if (entry < end_) mine_ = entries_[entry];
  }
  __device__ SeenKeys seen(int index) const {
    return {__shfl_sync(~0u, mine_.page, index % 32), __shfl_sync(~0u, mine_.from, index % 32),
            __shfl_sync(~0u, mine_.to, index % 32)};
  }

  // Begins to copy the index-th page; there may be no such page.
  __device__ void fetch(int index) {
    if (index < count()) {
      if (index % 32 == 0) look_up(index);
      copy(seen(index), index % kStages);
    }
    end_copy_group();
  }

  // The oldest page that was fetched is there, for the whole warp.
  __device__ void wait() {
    wait_for_copies<kStages - 1>();
    __syncwarp();
  }
  __device__ uint4 keys(int stage, int tile, int chunk) const {
    return ring_.keys[stage][tile][chunk][threadIdx.x];
  }
  // Elements 16 * index .. of all values, as B of two products.
  __device__ void values(int stage, int index, uint32_t (&b)[4]) const {
    const int lane = threadIdx.x % 32, matrix = lane / 8;
    const int key = matrix % 2 * 8 + lane % 8, chunk = 2 * index + matrix / 2;
    load_matrices_transposed(b, &ring_.values[stage][threadIdx.x / 32][key][chunk ^ (key % 8)]);
  }

 private:
  __device__ void copy(const SeenKeys& page, int stage) {
    constexpr int kChunks = Ring<kDims>::kChunks;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
    const uint16_t* keys = head_of(p_, page.page, kv_head_);
    const uint16_t* values = head_of(p_, page.page, p_.n_kv_heads + kv_head_);
#pragma unroll
    for (int tile = 0; tile < kPageTokens / 8; ++tile) {
#pragma unroll
      for (int chunk = 0; chunk < kDims / 32; ++chunk) {
        const int key = tile * 8 + g, element = chunk * 32 + t * 8;
        const bool exists = page.has(key) && element < p_.head_dim;
        copy_async<16>(&ring_.keys[stage][tile][chunk][threadIdx.x],
                       keys + (exists ? key * p_.head_dim + element : 0), exists);
      }
    }
#pragma unroll
    for (int i = 0; i < kPageTokens * kChunks / 32; ++i) {
      const int key = (lane + 32 * i) / kChunks, chunk = (lane + 32 * i) % kChunks;
      const bool exists = page.has(key) && chunk * 8 < p_.head_dim;
      copy_async<16>(&ring_.values[stage][warp][key][chunk ^ (key % 8)],
                     values + (exists ? key * p_.head_dim + chunk * 8 : 0), exists);
    }
  }

  const AttentionParams& p_;
  const Entries& entries_;
  Ring<kDims>& ring_;
  int kv_head_, begin_, end_;
  SeenKeys mine_;
};

// The queries of a row as A: head g in two bf16.
template <int kDims>
struct Queries {
  __device__ Queries(const AttentionParams& p, int row, int head, int n_heads) {
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    const float* q = p.q + row * p.q_stride + int64_t{head + g} * p.head_dim;
    const bool aligned = reinterpret_cast<uintptr_t>(q) % 16 == 0;
#pragma unroll
    for (int chunk = 0; chunk < kDims / 32; ++chunk) {
      float x[8] = {};
      if (g < n_heads) load_octet(q, chunk * 32 + t * 8, p.head_dim, aligned, x);
#pragma unroll
      for (float& element : x) element *= p.scale * kLog2E;
      octets[chunk].split(x);
    }
  }

  RowOctet<Bf16Weights> octets[kDims / 32];
};

// The online softmax of a warp: lane (g, t) has elements 8i + 2t, 8i + 2t + 1 of head g's sum, in
// two parts, and a part of the sum of weights.
template <int kDims>
struct Softmax {
  float max = kMasked, sum = 0;
  float out[kDims / 8][4] = {};

  __device__ void add(const Queries<kDims>& queries, const PageStream<kDims>& pages, int stage,
                      const SeenKeys& seen) {
    const int t = threadIdx.x % 4;
    float score[4];  // of keys 2t, 2t + 1, 2t + 8, 2t + 9
    float largest = max;
#pragma unroll
    for (int tile = 0; tile < kPageTokens / 8; ++tile) {
      float d[4] = {};
#pragma unroll
      for (int chunk = 0; chunk < kDims / 32; ++chunk) {
        const RowOctet<Bf16Weights>& q = queries.octets[chunk];
        const uint4 key = pages.keys(stage, tile, chunk);
        mma(d, q.upper[0], q.lower[0], q.upper[1], q.lower[1], key.x, key.y);
        mma(d, q.upper[2], q.lower[2], q.upper[3], q.lower[3], key.z, key.w);
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        float& s = score[2 * tile + i];
        s = seen.has(tile * 8 + 2 * t + i) ? d[i] + d[i + 2] : kMasked;
        largest = fmaxf(largest, s);
      }
    }
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 2));
    const float rescale = exp2f(max - largest);
    max = largest;
    sum *= rescale;
#pragma unroll
    for (float& s : score) sum += s = exp2f(s - largest);
    const uint32_t a0 = pack_bf16(score[0], score[1]), a2 = pack_bf16(score[2], score[3]);
    const float2 r0 = bf16_pair(a0), r2 = bf16_pair(a2);
    const uint32_t a1 = pack_bf16(score[0] - r0.x, score[1] - r0.y);
    const uint32_t a3 = pack_bf16(score[2] - r2.x, score[3] - r2.y);
#pragma unroll
    for (int i = 0; i < kDims / 16; ++i) {
      uint32_t b[4];
      pages.values(stage, i, b);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float(&d)[4] = out[2 * i + half];
#pragma unroll
        for (float& element : d) element *= rescale;
        mma(d, a0, a1, a2, a3, b[2 * half], b[2 * half + 1]);
      }
    }
  }
};

// What the warps of a block leave for the merge, over the ring.
template <int kDims>
struct Parts {
  float max[kWarps][kHeads], sum[kWarps][kHeads];
  float out[kWarps][kHeads][kDims];
};

template <int kDims>
__global__ void __launch_bounds__(kThreads, 3)
    few_rows_kernel(AttentionParams p, int n_groups, Partial* partials, float* sums) {
  begin_kernel();
  const int index = blockIdx.x / (p.n_kv_heads * n_groups);
  const int kv_head = blockIdx.x / n_groups % p.n_kv_heads;
  const int first = blockIdx.x % n_groups * kHeads, in_group = p.n_heads / p.n_kv_heads;
  const int n_heads = min(kHeads, in_group - first), head = kv_head * in_group + first;
  const Row row(p, index);
  if (!row.exists) return;
  const int n = row.entries.count(), size = split_entries(n);
  const int begin = blockIdx.y * size, end = min(n, begin + size);
  if (begin >= end) return;

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  PageStream<kDims> pages(p, row.entries, kv_head, begin + warp, end);
  // The stage of the next page is free before the first is used, so kStages - 1 go ahead.
  for (int i = 0; i < kStages - 1; ++i) pages.fetch(i);
  const Queries<kDims> queries(p, row.row, head, n_heads);
  Softmax<kDims> softmax;
  for (int i = 0; i < pages.count(); ++i) {
    const SeenKeys seen = pages.seen(i);
    pages.fetch(i + kStages - 1);
    pages.wait();
    softmax.add(queries, pages, i % kStages, seen);
    __syncwarp();  // the stage is free
  }
  wait_for_copies<0>();
  __syncthreads();

  auto& parts = *reinterpret_cast<Parts<kDims>*>(dynamic_shared());
  float sum = softmax.sum;
  sum += __shfl_xor_sync(~0u, sum, 1);
  sum += __shfl_xor_sync(~0u, sum, 2);
  if (t == 0) parts.max[warp][g] = softmax.max, parts.sum[warp][g] = sum;
#pragma unroll
  for (int i = 0; i < kDims / 8; ++i) {
    const float(&d)[4] = softmax.out[i];
    parts.out[warp][g][8 * i + 2 * t] = d[0] + d[2];
    parts.out[warp][g][8 * i + 2 * t + 1] = d[1] + d[3];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < n_heads * p.head_dim; i += kThreads) {
    const int h = i / p.head_dim, element = i % p.head_dim;
    float largest = kMasked, weights = 0, out = 0;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) largest = fmaxf(largest, parts.max[w][h]);
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      const float factor = exp2f(parts.max[w][h] - largest);
      weights = fmaf(parts.sum[w][h], factor, weights);
      out = fmaf(parts.out[w][h][element], factor, out);
    }
    const int64_t split = (int64_t{index} * p.n_heads + head + h) * gridDim.y + blockIdx.y;
    if (element == 0) partials[split] = {largest, weights};
    sums[split * p.head_dim + element] = out;
  }
}

// Merges the splits of one row and head, in order.
__global__ void merge_kernel(AttentionParams p, int n_splits, const Partial* partials,
                             const float* sums) {
  begin_kernel();
  const int head = blockIdx.x % p.n_heads;
  const Row row(p, blockIdx.x / p.n_heads);
  if (!row.exists) return;
  const int n_entries = row.entries.count(), size = split_entries(n_entries);
  const int n = (n_entries + size - 1) / size;
  partials += int64_t{blockIdx.x} * n_splits;
  sums += int64_t{blockIdx.x} * n_splits * p.head_dim;
  float largest = kMasked;
  for (int s = 0; s < n; ++s) largest = fmaxf(largest, partials[s].max);
  for (int i = threadIdx.x; i < p.head_dim; i += blockDim.x) {
    float weights = 0, out = 0;
#pragma unroll 4
    for (int s = 0; s < n; ++s) {
      const float factor = exp2f(partials[s].max - largest);
      weights = fmaf(partials[s].sum, factor, weights);
      out = fmaf(sums[int64_t{s} * p.head_dim + i], factor, out);
    }
    p.out[(int64_t{row.row} * p.n_heads + head) * p.head_dim + i] = out / weights;
  }
}

template <int kDims>
int launch_dims(const AttentionParams& p, Context& c) {
  static_assert(sizeof(Parts<kDims>) <= sizeof(Ring<kDims>), "parts lie over the ring");
  const int n_groups = (p.n_heads / p.n_kv_heads + kHeads - 1) / kHeads;
  const int n_splits = std::min(kMaxSplits, (p.n_entries + kWarps - 1) / kWarps);
  const int64_t n_partials = int64_t{p.n_rows} * p.n_heads * n_splits;
  std::byte* memory =
      c.scratch(n_partials * static_cast<int64_t>(sizeof(Partial) + p.head_dim * sizeof(float)));
  if (memory == nullptr) return kDeviceFailed;
  auto* partials = reinterpret_cast<Partial*>(memory);
  auto* sums = reinterpret_cast<float*>(partials + n_partials);
  const dim3 grid(p.n_rows * p.n_kv_heads * n_groups, n_splits);
  launch(c, few_rows_kernel<kDims>,
         {.grid = grid, .block = kThreads, .shared_bytes = sizeof(Ring<kDims>)}, p, n_groups,
         partials, sums);
  return launch(c, merge_kernel, {.grid = p.n_rows * p.n_heads, .block = 128}, p, n_splits,
                partials, sums);
}

}  // namespace

int attend_few_rows(const AttentionParams& p, Context& c) {
  return p.head_dim <= 64 ? launch_dims<64>(p, c) : launch_dims<128>(p, c);
}

}  // namespace rondo::kernels::cuda
