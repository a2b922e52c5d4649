// How a call of attention is cut into work: units of query lanes, splits and blocks of keys.
//
//   unit    queries that read the same keys, one a lane: some rows of a span, times query heads of
//           one KV head
//   split   up to kSplitEntries page-table entries of the context, or own pages by absolute index:
//           a work item is a unit and a split, its result a Partial in scratch memory
//   block   kBlockEntries of them: kBlockKeys key slots
//
// The cuts of keys depend on the page table alone, so that a row's result does not depend on what
// else is in the call or on the number of threads.
//
// Thread: AttentionPlan::run calls back on the pool's threads; everything else is pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/thread_pool.h"

namespace rondo::kernels {

inline constexpr int32_t kMaxHeadDim = 256;
inline constexpr int32_t kBlockEntries = 4;
inline constexpr int32_t kBlockKeys = kBlockEntries * kPageTokens;
inline constexpr int32_t kSplitEntries = 32;
// Own pages are taken from a multiple of this on, so that a key's place in a step of AMX tiles (32
// keys) does not depend on the first key that the unit sees.
inline constexpr int32_t kStepPages = 2;

// How many queries a unit has.
struct LaneShape {
  int32_t max = 0;       // at most
  int32_t few = 0;       // up to so many are padded to this (0: none are)
  int32_t multiple = 0;  // more are padded to a multiple of this
};

// Page-table entries [first, end) of the context, or own pages with these indices.
struct KeyRange {
  bool own = false;
  int32_t first = 0;
  int32_t end = 0;
};

// A page as the queries of one KV head see it.
struct VisiblePage {
  const uint16_t* keys = nullptr;    // bf16 [kPageTokens, D]
  const uint16_t* values = nullptr;  // bf16 [kPageTokens, D]
  // Slots that some row sees; the others may hold anything, NaN too.
  int32_t first = 0;
  int32_t end = 0;
};

// The softmax over the keys of one split, unfinished.
struct Partial {
  float* max;  // [lanes]
  float* sum;  // [lanes], of exp(score - max)
  float* out;  // [D padded][lanes], of exp(score - max) * value
};

struct AttentionUnit {
  const QuerySpan* span = nullptr;
  int32_t row = 0;  // rows [row, row + n_rows) of the span
  int32_t n_rows = 0;
  int32_t head = 0;  // query heads [head, head + n_heads), lane = row * n_heads + head
  int32_t n_heads = 0;
  int32_t padded_lanes = 0;
  int32_t dim = 0;  // D padded
  int32_t n_context_splits = 0;
  int32_t first_own_page = 0, end_own_page = 0;  // that any of the rows sees
  int64_t first_item = 0;                        // of the round
  float* partials = nullptr;

  int32_t n_lanes() const { return n_rows * n_heads; }
  int32_t n_splits() const {
    return n_context_splits + (end_own_page - 1) / kSplitEntries - first_own_page / kSplitEntries +
           1;
  }
  // The query of `lane`, and its own tokens that it sees: slots first_slot(lane)..last_slot(lane).
  const float* query(const AttentionParams& params, int32_t lane) const;
  int32_t first_slot(const AttentionParams& params, int32_t lane) const;
  int32_t last_slot(int32_t lane) const { return span->first_slot + row + lane / n_heads; }

  KeyRange keys(int32_t split) const;
  // Entry `index` of the context, or own page `index`. An own page that nobody sees is empty, but
  // its pointers may be read from.
  VisiblePage page(const AttentionParams& params, bool own, int32_t index) const;
  Partial partial(int32_t split) const;
};

// Cuts a call into units and gives them out in rounds whose partials fit the scratch memory:
// item(unit, split) for every split, on all threads, then finish(unit).
class AttentionPlan {
 public:
  using Item = void (*)(const AttentionParams& params, const AttentionUnit& unit, int32_t split);
  using Finish = void (*)(const AttentionParams& params, const AttentionUnit& unit);

  AttentionPlan(const AttentionParams& params, LaneShape lanes, ThreadPool& threads)
      : params_(params), lanes_(lanes), threads_(threads) {}

  void run(Item item, Finish finish);

 private:
  static constexpr int32_t kMaxUnits = 64;            // of a round
  static constexpr int64_t kPartialFloats = 2 << 20;  // of a round, unless one unit needs more

  AttentionUnit make_unit(const QuerySpan& span, int32_t row, int32_t head) const;
  void add(AttentionUnit unit);
  void run_round();

  const AttentionParams& params_;
  const LaneShape lanes_;
  ThreadPool& threads_;
  Item item_ = nullptr;
  Finish finish_ = nullptr;
  AttentionUnit units_[kMaxUnits];
  int32_t n_units_ = 0;
  int64_t n_items_ = 0;
  int64_t n_floats_ = 0;
};

}  // namespace rondo::kernels
