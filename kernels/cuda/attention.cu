// Attention over pages. A block takes one row, the query heads of one KV head, and a split of the
// keys; it computes all scores of a tile of keys, then their weighted sum.
//
//   up to 16 rows   a split is kSplitEntries page-table entries, so that a long context keeps the
//                   whole device busy; a second kernel merges the splits in order
//   more rows       a split is everything the row sees
//
// Splits and tiles are counted in page-table entries, so a row's bits do not depend on what else is
// in the call. Numerics: float32, exponentials by expf.
//
// A tile in shared memory: queries [G][D] and weights [G][kTileKeys]; keys and values are read from
// the pages once a block (a row of keys by one thread, a row of values by a warp).

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kWarps = kThreads / 32;
constexpr int kTileEntries = 8;
constexpr int kTileKeys = kTileEntries * kPageTokens;  // a key a thread
constexpr int kSplitEntries = 16;
constexpr int kMaxGroup = 8;  // query heads that a block takes of one KV head
constexpr float kMasked = -1e30f;
static_assert(kTileKeys == kThreads);

// A row, the index-th of all spans from first_row on, and the page-table entries that it sees:
// those of the context, then its own pages.
struct Row {
  __device__ Row(const AttentionParams& p, int index) {
    int s = 0;
    for (; s < p.n_spans; ++s) {
      const int skipped = max(0, p.first_row - p.spans[s].first_row);
      const int n_rows = max(0, p.spans[s].n_rows - skipped);
      if (index < n_rows) {
        index += skipped;
        break;
      }
      index -= n_rows;
    }
    exists = s < p.n_spans;
    if (!exists) return;
    span = p.spans[s];
    row = span.first_row + index;
    last_slot = span.first_slot + index;
    first_slot = p.window == 0 ? 0 : max(0, last_slot - p.window + 1);
    // Own pages are counted from an absolute index, so that a window's splits stay where they are.
    first_own = first_slot / kPageTokens / kTileEntries * kTileEntries;
    n = span.n_context + last_slot / kPageTokens + 1 - first_own;
  }

  // The page of key `key` of entry `entry` (of n), or -1 when the row does not see it.
  __device__ int32_t page(int entry, int key) const {
    if (entry < span.n_context) {
      const PageRef ref = span.context[entry];
      return key < ref.n_valid ? ref.page : -1;
    }
    const int own = entry - span.n_context + first_own, slot = own * kPageTokens + key;
    return first_slot <= slot && slot <= last_slot ? span.own_pages[own - span.first_own_page] : -1;
  }

  bool exists;
  QuerySpan span;
  int row, first_slot, last_slot, first_own, n;
};

// The softmax of a split; partials are [index of the row][head][split].
struct Partial {
  float max, sum;
};

struct Tile {
  float queries[kMaxGroup][kMaxHeadDim];
  float weights[kMaxGroup][kTileKeys];
  float part[kWarps][kMaxGroup];
  int32_t pages[kTileKeys];
};

__device__ const uint16_t* head_of(const KvLayer& kv, int32_t page, int head, int head_dim) {
  return reinterpret_cast<const uint16_t*>(kv.data + page * kv.page_stride_bytes +
                                           kv.layer_offset_bytes) +
         int64_t{head} * kPageTokens * head_dim;
}

// The scores of this thread's key, for all queries.
template <int kGroup>
__device__ void scores(const AttentionParams& p, const Tile& tile, int kv_head, int32_t page,
                       float (&score)[kGroup]) {
#pragma unroll
  for (int g = 0; g < kGroup; ++g) score[g] = page < 0 ? kMasked : 0.0f;
  if (page < 0) return;
  const uint16_t* key =
      head_of(p.kv, page, kv_head, p.head_dim) + threadIdx.x % kPageTokens * int64_t{p.head_dim};
  for (int i = 0; i < p.head_dim; i += 2) {
    const float2 pair = bf16_pair(*reinterpret_cast<const uint32_t*>(key + i));
#pragma unroll
    for (int g = 0; g < kGroup; ++g) {
      score[g] = fmaf(pair.x, tile.queries[g][i], score[g]);
      score[g] = fmaf(pair.y, tile.queries[g][i + 1], score[g]);
    }
  }
}

// The largest, or the sum, over the block's threads, for each query.
template <int kGroup, class Warp, class Combine>
__device__ void over_block(Tile& tile, float (&values)[kGroup], Warp warp, Combine combine) {
  __syncthreads();
#pragma unroll
  for (int g = 0; g < kGroup; ++g) {
    const float value = warp(values[g]);
    if (threadIdx.x % 32 == 0) tile.part[threadIdx.x / 32][g] = value;
  }
  __syncthreads();
#pragma unroll
  for (int g = 0; g < kGroup; ++g) {
    values[g] = tile.part[0][g];
    for (int w = 1; w < kWarps; ++w) values[g] = combine(values[g], tile.part[w][g]);
  }
}

// kSplit: blockIdx.y is a split and the result goes to `partials` and `sums`; else the row is
// whole.
template <int kGroup, bool kSplit>
__global__ void __launch_bounds__(kThreads)
    attention_kernel(AttentionParams p, int n_groups, Partial* partials, float* sums) {
  __shared__ Tile tile;
  begin_kernel();
  const int index = blockIdx.x / (p.n_kv_heads * n_groups);
  const int kv_head = blockIdx.x / n_groups % p.n_kv_heads, group = blockIdx.x % n_groups;
  const int heads = p.n_heads / p.n_kv_heads;
  const int head = kv_head * heads + group * kGroup;
  const int n_queries = min(kGroup, heads - group * kGroup);
  const Row row(p, index);
  if (!row.exists) return;
  const int begin = kSplit ? blockIdx.y * kSplitEntries : 0;
  const int end = kSplit ? min(row.n, begin + kSplitEntries) : row.n;

  for (int i = threadIdx.x; i < kGroup * p.head_dim; i += kThreads) {
    const int g = i / p.head_dim, element = i % p.head_dim;
    const float* q =
        p.q + row.row * p.q_stride + int64_t{head + min(g, n_queries - 1)} * p.head_dim;
    tile.queries[g][element] = q[element] * p.scale;
  }
  // Thread t has elements t, t + kThreads of every query's sum.
  constexpr int kElements = kMaxHeadDim / kThreads;
  float out[kGroup][kElements] = {}, max[kGroup], sum[kGroup] = {};
  for (int g = 0; g < kGroup; ++g) max[g] = kMasked;
  __syncthreads();

  for (int entry = begin; entry < end; entry += kTileEntries) {
    const int mine = entry + threadIdx.x / kPageTokens;
    const int32_t page = mine < end ? row.page(mine, threadIdx.x % kPageTokens) : -1;
    float score[kGroup], largest[kGroup], weight[kGroup];
    scores<kGroup>(p, tile, kv_head, page, score);
#pragma unroll
    for (int g = 0; g < kGroup; ++g) largest[g] = score[g];
    over_block(tile, largest, warp_max, [](float a, float b) { return fmaxf(a, b); });
#pragma unroll
    for (int g = 0; g < kGroup; ++g) {
      const float larger = fmaxf(max[g], largest[g]);
      weight[g] = page < 0 ? 0.0f : expf(score[g] - larger);
      tile.weights[g][threadIdx.x] = weight[g];
      const float rescale = expf(max[g] - larger);
      max[g] = larger;
      sum[g] *= rescale;
      for (float& element : out[g]) element *= rescale;
    }
    tile.pages[threadIdx.x] = page;
    over_block(tile, weight, warp_sum, [](float a, float b) { return a + b; });
#pragma unroll
    for (int g = 0; g < kGroup; ++g) sum[g] += weight[g];
    for (int key = 0; key < kTileKeys; ++key) {
      const int32_t from = tile.pages[key];
      if (from < 0) continue;  // the same for all threads
      const uint16_t* values = head_of(p.kv, from, p.n_kv_heads + kv_head, p.head_dim) +
                               key % kPageTokens * int64_t{p.head_dim};
#pragma unroll
      for (int e = 0; e < kElements; ++e) {
        const int element = threadIdx.x + e * kThreads;
        if (element >= p.head_dim) break;
        const float value = bf16_value(values[element]);
#pragma unroll
        for (int g = 0; g < kGroup; ++g) out[g][e] = fmaf(tile.weights[g][key], value, out[g][e]);
      }
    }
    __syncthreads();
  }

  for (int g = 0; g < n_queries; ++g) {
    if constexpr (kSplit) {
      const int64_t split = (int64_t{index} * p.n_heads + head + g) * gridDim.y + blockIdx.y;
      if (threadIdx.x == 0) partials[split] = {max[g], sum[g]};
      for (int e = 0; e < kElements; ++e) {
        const int element = threadIdx.x + e * kThreads;
        if (element < p.head_dim) sums[split * p.head_dim + element] = out[g][e];
      }
    } else {
      const int64_t at = int64_t{row.row} * p.n_heads + head + g;
      for (int e = 0; e < kElements; ++e) {
        const int element = threadIdx.x + e * kThreads;
        if (element < p.head_dim) p.out[at * p.head_dim + element] = out[g][e] / sum[g];
      }
    }
  }
}

// Merges the splits of one row and head, in order.
__global__ void merge_kernel(AttentionParams p, int n_splits, const Partial* partials,
                             const float* sums) {
  begin_kernel();
  const int head = blockIdx.x % p.n_heads;
  const Row row(p, blockIdx.x / p.n_heads);
  if (!row.exists) return;
  const int n = (row.n + kSplitEntries - 1) / kSplitEntries;
  partials += int64_t{blockIdx.x} * n_splits;
  sums += int64_t{blockIdx.x} * n_splits * p.head_dim;
  float max = kMasked, sum = 0;
  for (int s = 0; s < n; ++s) max = fmaxf(max, partials[s].max);
  for (int s = 0; s < n; ++s) sum += partials[s].sum * expf(partials[s].max - max);
  for (int i = threadIdx.x; i < p.head_dim; i += blockDim.x) {
    float out = 0;
    for (int s = 0; s < n; ++s) {
      out = fmaf(sums[int64_t{s} * p.head_dim + i], expf(partials[s].max - max), out);
    }
    p.out[(int64_t{row.row} * p.n_heads + head) * p.head_dim + i] = out / sum;
  }
}

template <int kGroup>
int launch_group(const AttentionParams& p, Context& c) {
  const int n_groups = (p.n_heads / p.n_kv_heads + kGroup - 1) / kGroup;
  const int n_blocks = p.n_rows * p.n_kv_heads * n_groups;
  if (p.n_rows > kFewRows) {
    return launch(c, attention_kernel<kGroup, false>, {.grid = n_blocks, .block = kThreads}, p,
                  n_groups, nullptr, nullptr);
  }
  // A window's first own page may lie up to a tile behind.
  const int n_splits = (p.n_entries + kTileEntries + kSplitEntries - 1) / kSplitEntries;
  const int64_t n_partials = int64_t{p.n_rows} * p.n_heads * n_splits;
  std::byte* memory =
      c.scratch(n_partials * static_cast<int64_t>(sizeof(Partial) + p.head_dim * sizeof(float)));
  if (memory == nullptr) return kDeviceFailed;
  auto* partials = reinterpret_cast<Partial*>(memory);
  auto* sums = reinterpret_cast<float*>(partials + n_partials);
  launch(c, attention_kernel<kGroup, true>, {.grid = dim3(n_blocks, n_splits), .block = kThreads},
         p, n_groups, partials, sums);
  return launch(c, merge_kernel, {.grid = p.n_rows * p.n_heads, .block = 64}, p, n_splits, partials,
                sums);
}

}  // namespace

int attention(const AttentionParams& p, Stream stream) {
  if (p.head_dim <= 0 || p.head_dim % 2 != 0 || p.head_dim > kMaxHeadDim) return kBadArguments;
  if (p.kv.type != KvType::kBf16 || p.n_kv_heads <= 0 || p.n_heads % p.n_kv_heads != 0) {
    return kBadArguments;
  }
  if (p.n_rows == 0 || p.n_spans == 0) return kOk;
  Context& c = context(stream);
  switch (std::min(p.n_heads / p.n_kv_heads, kMaxGroup)) {
    case 1:
      return launch_group<1>(p, c);
    case 2:
      return launch_group<2>(p, c);
    case 3:
    case 4:
      return launch_group<4>(p, c);
    case 5:
      return launch_group<5>(p, c);
    case 6:
    case 7:
    case 8:
      return launch_group<8>(p, c);
  }
  return kBadArguments;
}

}  // namespace rondo::kernels::cuda
