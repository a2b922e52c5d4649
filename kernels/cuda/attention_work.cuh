// The lines of an attention call, dealt out to blocks. A line is one row and one query head of a KV
// head; a block takes kLines of them, of one span and one KV head.
//
//   line   row 0 head 0 | row 0 head 1 | .. | row 0 head G-1 | row 1 head 0 | ..
#pragma once

#include "kernels/cuda/attention.cuh"

namespace rondo::kernels::cuda {

// Lines [first, first + n) of a span, counted from its row `first_row`, and what they see: tiles of
// kEntries page-table entries from the first of the context on, own pages from a multiple of
// kEntries. So a tile holds the same keys whatever else is in the call.
template <int kEntries>
struct Lines {
  static constexpr int kKeys = kEntries * kPageTokens;  // of a tile

  __device__ int row(int line) const { return first_row + (first + line) / heads; }
  __device__ int head(int line) const { return kv_head * heads + (first + line) % heads; }
  __device__ int last_seen(int row) const { return entries.span.first_slot + row; }
  __device__ int first_seen(const AttentionParams& p, int row) const {
    return p.window == 0 ? 0 : max(0, last_seen(row) - p.window + 1);
  }

  __device__ int n_tiles() const { return (entries.count() + kEntries - 1) / kEntries; }
  // Slot of a tile's first key, were it one of an own page. Own pages begin at first_own_slot().
  __device__ int first_slot(int tile) const {
    return entries.own_page(tile * kEntries) * kPageTokens;
  }
  __device__ int first_own_slot() const { return entries.first_own * kPageTokens; }

  int heads, kv_head;
  int first, n, first_row;
  Entries entries;
};

// All lines of a call. Whole warps look things up together.
template <int kLines, int kEntries>
class WorkList {
 public:
  __device__ explicit WorkList(const AttentionParams& p)
      : p_(p), heads_(p.n_heads / p.n_kv_heads), lane_(threadIdx.x % 32) {
    for (int s = 0; s < p.n_spans; s += 32) n_tiles_ += __reduce_add_sync(~0u, tiles_of(s + lane_));
  }

  // The i-th lines of this block, or false. The last lines of a span see most: they go first, and
  // a block that gets more than others in one round gets less in the next.
  __device__ bool find(int i, Lines<kEntries>& lines) const {
    const int n_blocks = static_cast<int>(gridDim.x), block = static_cast<int>(blockIdx.x);
    const int work = i * n_blocks + (i % 2 == 0 ? block : n_blocks - 1 - block);
    if (work >= n_tiles_ * p_.n_kv_heads) return false;
    int tile = n_tiles_ - 1 - work / p_.n_kv_heads;
    lines.heads = heads_;
    lines.kv_head = work % p_.n_kv_heads;
    Entries& entries = lines.entries;
    entries.span = p_.spans[find_span(tile)];
    const int n_lines = rows_of(p_, entries.span, lines.first_row) * heads_;
    lines.first = tile * kLines;
    lines.n = min(kLines, n_lines - lines.first);
    entries.first_slot = lines.first_seen(p_, lines.row(0));
    entries.last_slot = lines.last_seen(lines.row(lines.n - 1));
    entries.first_own = entries.first_slot / lines.kKeys * kEntries;
    return true;
  }

 private:
  __device__ int tiles_of(int s) const {
    if (s >= p_.n_spans) return 0;
    int first_row;
    return (rows_of(p_, p_.spans[s], first_row) * heads_ + kLines - 1) / kLines;
  }

  // The span that has a tile of all, which becomes one of the span's.
  __device__ int find_span(int& tile) const {
    for (int s = 0;; s += 32) {
      const int mine = tiles_of(s + lane_);
      int end = mine;
#pragma unroll
      for (int distance = 1; distance < 32; distance *= 2) {
        const int before = __shfl_up_sync(~0u, end, distance);
        if (lane_ >= distance) end += before;
      }
      if (const unsigned behind = __ballot_sync(~0u, end > tile); behind != 0) {
        const int found = __ffs(static_cast<int>(behind)) - 1;
        tile -= __shfl_sync(~0u, end - mine, found);
        return s + found;
      }
      tile -= __shfl_sync(~0u, end, 31);
    }
  }

  const AttentionParams& p_;
  const int heads_, lane_;
  int n_tiles_ = 0;  // of kLines lines, of one KV head
};

}  // namespace rondo::kernels::cuda
