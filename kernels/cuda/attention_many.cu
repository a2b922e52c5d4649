// Attention of more than 32 rows: prefill, limited by the tensor cores; and many decode steps at
// once. Hopper has a faster one for most heads, attention_hopper.cu.
//
// A line is one row and one query head of a KV head. A block takes 128 lines of a span and one KV
// head, 16 lines a warp, and goes over tiles of 64 keys (4 page-table entries), of which kStages
// are on their way to shared memory. Queries and weights are A of the tensor cores (mma.cuh), 8
// keys or 8 elements of a value are B. In a tile a key, or a value, is a row of 16-byte chunks,
// chunk c of key k at c ^ (k % 8).
//
//   line   row 0 head 0 | row 0 head 1 | .. | row 0 head G-1 | row 1 head 0 | ..
//
// Numerics: queries (times scale and log2 e) and weights are rounded to bf16, products exact, sums
// float32, exponentials by exp2f. Tiles are counted in page-table entries from the first of the
// context on (own pages from a multiple of 4); a tile of which a line sees nothing leaves it as it
// is: so a row's bits do not depend on what else is in the call.
// Memory: kStages * 32 KiB of shared memory for heads of 128.

#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kThreads = 32 * kWarps;
constexpr int kLines = 16 * kWarps;  // of a block
constexpr int kStages = 3;
constexpr int kTileEntries = 4;
constexpr int kTileKeys = kTileEntries * kPageTokens;

// The lines of a block: [first, first + n) of a span's, counted from its row `first_row`.
struct Lines {
  __device__ Lines(const AttentionParams& p, int tile) : heads(p.n_heads / p.n_kv_heads) {
    for (int s = 0; s < p.n_spans; ++s) {
      const int n_lines = rows_of(p, p.spans[s], first_row) * heads;
      const int n_tiles = (n_lines + kLines - 1) / kLines;
      if (tile >= n_tiles) {
        tile -= n_tiles;
        continue;
      }
      entries.span = p.spans[s];
      first = tile * kLines;
      n = min(kLines, n_lines - first);
      entries.first_slot = first_seen(p, row(0));
      entries.last_slot = entries.span.first_slot + row(n - 1);
      entries.first_own = entries.first_slot / kTileKeys * kTileEntries;
      return;
    }
  }

  // The span's row of a line, and its query head of the KV head.
  __device__ int row(int line) const { return first_row + (first + line) / heads; }
  __device__ int head(int line) const { return (first + line) % heads; }
  __device__ int first_seen(const AttentionParams& p, int row) const {
    return p.window == 0 ? 0 : max(0, entries.span.first_slot + row - p.window + 1);
  }

  int heads;
  int first = 0, n = 0, first_row = 0;
  Entries entries;
};

// Which keys of an entry lines may see: all of the context's valid ones, or by slot.
struct TileEntry {
  int32_t base;  // slot of an own page's first key, or -1
  int32_t n;     // keys that count
};

template <int kDims>
struct Ring {
  static constexpr int kChunks = kDims / 8;
  uint4 keys[kStages][kTileKeys][kChunks];
  uint4 values[kStages][kTileKeys][kChunks];
  TileEntry entries[kStages][kTileEntries];
};

// The tiles of a block's lines on their way to shared memory.
template <int kDims>
class TileStream {
 public:
  static constexpr int kChunks = Ring<kDims>::kChunks;
  static constexpr int kCopies = kTileKeys * kChunks / kThreads;  // of keys, a thread and tile
  static_assert(kThreads % kChunks == 0, "a thread has one chunk of its keys");

  __device__ TileStream(const AttentionParams& p, const Entries& entries, int kv_head)
      : p_(p),
        entries_(entries),
        ring(*reinterpret_cast<Ring<kDims>*>(dynamic_shared())),
        kv_head_(kv_head),
        n_entries_(entries.count()) {
    look_up(0);
  }

  __device__ int count() const { return (n_entries_ + kTileEntries - 1) / kTileEntries; }

  // Begins to copy the next tile; there may be none. REQUIRES: one call a tile, in order.
  __device__ void fetch(int tile) {
    const int stage = tile % kStages;
    const int chunk = threadIdx.x % kChunks;
    if (tile < count()) {
#pragma unroll
      for (int i = 0; i < kCopies; ++i) {
        const int key = key_of(i), in_page = key % kPageTokens;
        const bool exists = next_[i].has(in_page) && chunk * 8 < p_.head_dim;
        const int64_t at = exists ? int64_t{in_page} * p_.head_dim + chunk * 8 : 0;
        copy_async<16>(&ring.keys[stage][key][chunk ^ (key % 8)],
                       head_of(p_, next_[i].page, kv_head_) + at, exists);
        copy_async<16>(&ring.values[stage][key][chunk ^ (key % 8)],
                       head_of(p_, next_[i].page, p_.n_kv_heads + kv_head_) + at, exists);
      }
      if (threadIdx.x < kTileEntries) {
        const int entry = tile * kTileEntries + threadIdx.x;
        const bool own = entry >= entries_.span.n_context;
        TileEntry& to = ring.entries[stage][threadIdx.x];
        to.base = own ? entries_.own_page(entry) * kPageTokens : -1;
        to.n = entry >= n_entries_ ? 0 : own ? kPageTokens : entries_.span.context[entry].n_valid;
      }
      look_up(tile + 1);
    }
    end_copy_group();
  }

 private:
  __device__ static int key_of(int i) { return threadIdx.x / kChunks + i * (kThreads / kChunks); }

  // Page ids come from memory too: one tile ahead.
  __device__ void look_up(int tile) {
#pragma unroll
    for (int i = 0; i < kCopies; ++i) {
      const int entry = tile * kTileEntries + key_of(i) / kPageTokens;
      next_[i] = entry < n_entries_ ? entries_[entry] : SeenKeys{};
    }
  }

  const AttentionParams& p_;
  const Entries& entries_;

 public:
  Ring<kDims>& ring;

 private:
  int kv_head_, n_entries_;
  SeenKeys next_[kCopies];
};

// Lines g and g + 8 of a warp: what they see, and their online softmax. A lane has elements
// 8i + 2t, 8i + 2t + 1 of both sums and a part of the sums of weights.
template <int kDims>
class WarpLines {
 public:
  __device__ WarpLines(const AttentionParams& p, const Lines& lines, int kv_head)
      : p_(p), lines_(lines), kv_head_(kv_head) {
    const int t = threadIdx.x % 4;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int line = min(line_of(half), lines.n - 1), row = lines.row(line);
      last_slot_[half] = lines.entries.span.first_slot + row;
      first_slot_[half] = lines.first_seen(p, row);
      const float* q = p.q + (lines.entries.span.first_row + row) * p.q_stride +
                       int64_t{kv_head * lines.heads + lines.head(line)} * p.head_dim;
#pragma unroll
      for (int i = 0; i < kDims / 8; ++i) {
        const int element = 8 * i + 2 * t;
        const bool exists = element < p.head_dim;
        const float a = exists ? q[element] : 0.0f, b = exists ? q[element + 1] : 0.0f;
        queries_[i / 2][i % 2 * 2 + half] = pack_bf16(a * p.scale * kLog2E, b * p.scale * kLog2E);
      }
    }
  }

  __device__ void add(const Ring<kDims>& ring, int stage) {
    float score[kTileKeys / 8][4];  // of keys 8i + 2t, 8i + 2t + 1 and both lines
    multiply_keys(ring.keys[stage], score);
    hide_keys(ring.entries[stage], score);
    float rescale[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) rescale[half] = weigh(score, half);
#pragma unroll
    for (int i = 0; i < kDims / 8; ++i) {
#pragma unroll
      for (int e = 0; e < 4; ++e) out_[i][e] *= rescale[e / 2];
    }
    add_values(ring.values[stage], score);
  }

  __device__ void store() const {
    const int t = threadIdx.x % 4;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = sum_[half];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      const int line = line_of(half);
      if (line >= lines_.n) continue;
      const int64_t row = lines_.entries.span.first_row + lines_.row(line);
      float* out =
          p_.out + (row * p_.n_heads + kv_head_ * lines_.heads + lines_.head(line)) * p_.head_dim;
#pragma unroll
      for (int i = 0; i < kDims / 8; ++i) {
        const int element = 8 * i + 2 * t;
        if (element >= p_.head_dim) continue;
        out[element] = out_[i][2 * half] / sum;
        out[element + 1] = out_[i][2 * half + 1] / sum;
      }
    }
  }

 private:
  static constexpr int kChunks = kDims / 8;

  __device__ static int line_of(int half) {
    return threadIdx.x / 32 * 16 + half * 8 + threadIdx.x % 32 / 4;
  }

  __device__ void multiply_keys(const uint4 (&keys)[kTileKeys][kChunks],
                                float (&score)[kTileKeys / 8][4]) const {
    const int lane = threadIdx.x % 32, matrix = lane / 8;
#pragma unroll
    for (int i = 0; i < kTileKeys / 16; ++i) {
      const int key = 16 * i + matrix / 2 * 8 + lane % 8;
#pragma unroll
      for (int e = 0; e < 4; ++e) score[2 * i][e] = score[2 * i + 1][e] = 0;
#pragma unroll
      for (int step = 0; step < kDims / 16; ++step) {
        uint32_t b[4];
        load_matrices(b, &keys[key][(2 * step + matrix % 2) ^ (key % 8)]);
        const uint32_t(&a)[4] = queries_[step];
        mma(score[2 * i], a[0], a[1], a[2], a[3], b[0], b[1]);
        mma(score[2 * i + 1], a[0], a[1], a[2], a[3], b[2], b[3]);
      }
    }
  }

  __device__ void hide_keys(const TileEntry (&entries)[kTileEntries],
                            float (&score)[kTileKeys / 8][4]) const {
    const int t = threadIdx.x % 4;
#pragma unroll
    for (int e = 0; e < kTileEntries; ++e) {
      const TileEntry entry = entries[e];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        int from = 0, to = entry.n;
        if (entry.base >= 0) {
          from = first_slot_[half] - entry.base;
          to = min(to, last_slot_[half] - entry.base + 1);
        }
        if (from <= 0 && to >= kPageTokens) continue;
#pragma unroll
        for (int i = 0; i < 4; ++i) {  // keys 2t, 2t + 1, 2t + 8, 2t + 9
          const int key = i / 2 * 8 + 2 * t + i % 2;
          float& s = score[2 * e + i / 2][2 * half + i % 2];
          if (key < from || key >= to) s = kMasked;
        }
      }
    }
  }

  // Scores become weights; returns what the sums so far are to be multiplied with.
  __device__ float weigh(float (&score)[kTileKeys / 8][4], int half) {
    float largest = max_[half];
#pragma unroll
    for (int i = 0; i < kTileKeys / 8; ++i) {
      largest = fmaxf(largest, fmaxf(score[i][2 * half], score[i][2 * half + 1]));
    }
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 2));
    const float rescale = exp2f(max_[half] - largest);
    max_[half] = largest;
    const float from = largest == kMasked ? 0.0f : largest;  // nothing was seen so far
    sum_[half] *= rescale;
#pragma unroll
    for (int i = 0; i < kTileKeys / 8; ++i) {
#pragma unroll
      for (int e = 2 * half; e < 2 * half + 2; ++e) {
        score[i][e] = exp2f(score[i][e] - from);
        sum_[half] += score[i][e];
      }
    }
    return rescale;
  }

  __device__ void add_values(const uint4 (&values)[kTileKeys][kChunks],
                             const float (&weight)[kTileKeys / 8][4]) {
    const int lane = threadIdx.x % 32, matrix = lane / 8;
#pragma unroll
    for (int i = 0; i < kTileKeys / 16; ++i) {
      const float(&w0)[4] = weight[2 * i];
      const float(&w1)[4] = weight[2 * i + 1];
      const uint32_t a0 = pack_bf16(w0[0], w0[1]), a1 = pack_bf16(w0[2], w0[3]);
      const uint32_t a2 = pack_bf16(w1[0], w1[1]), a3 = pack_bf16(w1[2], w1[3]);
      const int key = 16 * i + matrix % 2 * 8 + lane % 8;
#pragma unroll
      for (int pair = 0; pair < kDims / 16; ++pair) {
        uint32_t b[4];
        load_matrices_transposed(b, &values[key][(2 * pair + matrix / 2) ^ (key % 8)]);
        mma(out_[2 * pair], a0, a1, a2, a3, b[0], b[1]);
        mma(out_[2 * pair + 1], a0, a1, a2, a3, b[2], b[3]);
      }
    }
  }

  const AttentionParams& p_;
  const Lines& lines_;
  int kv_head_;
  int first_slot_[2], last_slot_[2];
  uint32_t queries_[kDims / 16][4];
  float max_[2] = {kMasked, kMasked}, sum_[2] = {};
  float out_[kDims / 8][4] = {};
};

template <int kDims>
__global__ void __launch_bounds__(kThreads, 1) many_rows_kernel(AttentionParams p) {
  begin_kernel();
  // The last lines see most: they go first.
  const Lines lines(p, gridDim.x - 1 - blockIdx.x);
  if (lines.n == 0) return;
  TileStream<kDims> tiles(p, lines.entries, blockIdx.y);
  for (int i = 0; i < kStages - 1; ++i) tiles.fetch(i);
  WarpLines<kDims> mine(p, lines, blockIdx.y);
  const bool at_work = static_cast<int>(threadIdx.x / 32) * 16 < lines.n;
  for (int i = 0; i < tiles.count(); ++i) {
    wait_for_copies<kStages - 2>();
    __syncthreads();  // tile i is there, and the stage of tile i - 1 is free
    tiles.fetch(i + kStages - 1);
    if (at_work) mine.add(tiles.ring, i % kStages);
  }
  if (at_work) mine.store();
}

template <int kDims>
int launch_dims(const AttentionParams& p, Context& c) {
  const int heads = p.n_heads / p.n_kv_heads;
  const auto most = static_cast<unsigned>(int64_t{p.n_rows} * heads / kLines + p.n_spans);
  return launch(
      c, many_rows_kernel<kDims>,
      {.grid = dim3(most, p.n_kv_heads), .block = kThreads, .shared_bytes = sizeof(Ring<kDims>)},
      p);
}

}  // namespace

int attend_many_rows(const AttentionParams& p, Context& c) {
  return p.head_dim <= 64 ? launch_dims<64>(p, c) : launch_dims<128>(p, c);
}

}  // namespace rondo::kernels::cuda
