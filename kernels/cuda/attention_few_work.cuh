// How attention of up to 32 rows is cut into the work of blocks and warps (attention_few.cu).
//
//   entries   | first branch: context, own pages        | second  |
//   splits    | block 0 | block 1 | ..                  | block S-1 |
//   in one    | warp 0 | warp 1 | .. | warp 7 | warp 0 | ..
//
// The cuts depend on what the row sees, never on what else is in the call.
#pragma once

#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/span_rows.cuh"

namespace rondo::kernels::cuda::attention_few {

constexpr int kWarps = 8;
constexpr int kThreads = 32 * kWarps;
constexpr int kHeads = 8;        // query heads of a block
constexpr int kRowsOfBlock = 4;  // where a block does several
constexpr int kBlocks = 132;     // more splits are no more than fill the multiprocessors of an H100
static_assert(kWarps >= kHeads, "a warp computes the gate of one head");

// Splits that a cluster may merge: 16 blocks with heads of 128 find room together on few GPUs.
template <int kDims>
constexpr int kMaxCluster = kDims <= 64 ? 16 : 8;

__host__ __device__ inline int most_splits(int n_readers) { return max(1, kBlocks / n_readers); }

// Splits of a row that sees so many entries, of which every one is read by `n_readers` blocks: 8
// KiB of keys and values a warp, or twice as much if a cluster can merge them then.
template <int kDims>
__host__ __device__ inline int splits_of(int n_entries, int n_readers) {
  constexpr int kEntries = kWarps * 128 / kDims;
  int n = (n_entries + kEntries - 1) / kEntries;
  if (n <= 2 * kMaxCluster<kDims>) n = min(n, kMaxCluster<kDims>);
  return min(n, most_splits(n_readers));
}

__device__ inline Entries entries_of(const SpanRow& row, int window) {
  const int first_slot = window == 0 ? 0 : max(0, row.slot() - window + 1);
  return {row.span, first_slot / kPageTokens, first_slot, row.slot()};
}

// One row and reader, `place` = row of the call * readers + reader, and one of its splits.
template <int kDims>
struct Work {
  // Looks for the row in all spans.
  __device__ Work(const AttentionParams& p, int n_groups, int place, int split)
      : place(place), split(split) {
    SpanRows rows(p.spans, p.n_spans), second_rows(p.second.spans, p.second.n_spans);
    const SpanRow at = rows.find(p.first_row, place / (p.n_kv_heads * n_groups));
    if (!at.exists()) return;
    begin_row(p, n_groups, at, p.second.spans == nullptr ? SpanRow{} : second_rows.of(at.row()));
  }
  // Of a call's only span.
  __device__ Work(const AttentionParams& p, int n_groups, int place, int split,
                  const QuerySpan& span, const QuerySpan& second)
      : place(place), split(split) {
    const int row = max(p.first_row, span.first_row) + place / (p.n_kv_heads * n_groups);
    if (row >= span.first_row + span.n_rows) return;
    begin_row(p, n_groups, {span, row - span.first_row}, {second, row - second.first_row});
  }

  __device__ void begin_row(const AttentionParams& p, int n_groups, const SpanRow& at,
                            const SpanRow& second) {
    const int n_readers = p.n_kv_heads * n_groups, reader = place % n_readers;
    row = at.row();
    kv_head = reader / n_groups;
    const int in_group = p.n_heads / p.n_kv_heads, first = reader % n_groups * kHeads;
    head = kv_head * in_group + first;
    n_heads = min(kHeads, in_group - first);
    branches[0] = entries_of(at, p.window);
    n_first = n_entries = branches[0].count();
    if (p.second.spans != nullptr) {
      branches[1] = entries_of(second, p.second.window);
      n_entries += branches[1].count();
    }
    n_splits = splits_of<kDims>(n_entries, n_readers);
    if (split >= n_splits) return;
    begin = split * n_entries / n_splits;
    end = (split + 1) * n_entries / n_splits;
  }

  __device__ bool is_none() const { return begin == end; }
  __device__ bool has(int branch) const { return branch == 0 ? begin < n_first : end > n_first; }
  // The splits that have entries of a branch.
  __device__ int first_split(int branch) const {
    return branch == 0 ? 0 : ((n_first + 1) * n_splits + n_entries - 1) / n_entries - 1;
  }
  __device__ int end_split(int branch) const {
    return branch == 1 ? n_splits : (n_first * n_splits + n_entries - 1) / n_entries;
  }

  __device__ SeenKeys seen(int entry) const {
    return entry < n_first ? branches[0][entry] : branches[1][entry - n_first];
  }
  // Nobody writes the page in this step.
  __device__ bool is_settled(int entry) const {
    return entry < n_first ? branches[0].is_settled(entry)
                           : branches[1].is_settled(entry - n_first);
  }

  const int place, split;
  int row = 0, kv_head = 0, head = 0, n_heads = 0;
  int n_first = 0, n_entries = 0;  // of the first branch, and of both
  int n_splits = 0;
  int begin = 0, end = 0;  // the split's entries
  Entries branches[2];
};

// The entries of a warp, in turn.
template <int kDims>
class Turns {
 public:
  __device__ explicit Turns(const Work<kDims>& work)
      : work_(work), first_(work.begin + static_cast<int>(threadIdx.x / 32)) {}

  // Those that lie before `end`.
  __device__ int before(int end) const { return max(0, (end - first_ + kWarps - 1) / kWarps); }
  __device__ int entry(int turn) const { return first_ + turn * kWarps; }

  // REQUIRES: one call for each turn, in order, of the whole warp.
  __device__ SeenKeys look_up(int turn) {
    if (turn % 32 == 0) {
      const int mine = entry(turn + static_cast<int>(threadIdx.x % 32));
      if (mine < work_.end) mine_ = work_.seen(mine);
    }
    return {__shfl_sync(~0u, mine_.page, turn % 32), __shfl_sync(~0u, mine_.from, turn % 32),
            __shfl_sync(~0u, mine_.to, turn % 32)};
  }

 private:
  const Work<kDims>& work_;
  int first_;
  SeenKeys mine_;  // the lane's of 32
};

}  // namespace rondo::kernels::cuda::attention_few
