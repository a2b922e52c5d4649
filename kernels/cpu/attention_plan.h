// How a call of attention is cut into work: units of query lanes, splits and blocks of keys.
//
//   unit    queries that read the same keys: some rows of a span, times query heads of one KV head
//   split   up to UnitShape::split_entries page-table entries of the context, or own pages by
//           absolute index: a work item is a unit and a split, its result a Partial in scratch
//           memory
//   block   kBlockEntries of them: kBlockKeys key slots
//
// The cuts of keys depend on the page table alone, so that a row's result does not depend on what
// else is in the call or on the number of threads. All units of a round take a split before the
// next, so that its keys and values come from far away once.
//
// Thread: AttentionPlan::run calls back on the pool's threads; everything else is pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/kv_pages.h"
#include "kernels/kernels.h"
#include "kernels/thread_pool.h"

namespace rondo::kernels {

inline constexpr int32_t kMaxHeadDim = 256;
inline constexpr int32_t kBlockEntries = 4;
inline constexpr int32_t kBlockKeys = kBlockEntries * kPageTokens;
// Own pages are taken from a multiple of this on, so that a key's place in a step of AMX tiles (32
// keys) does not depend on the first key that the unit sees.
inline constexpr int32_t kStepPages = 2;

// How many queries a unit has.
struct UnitShape {
  int32_t max = 0;            // at most
  int32_t multiple = 0;       // padded to a multiple of this
  int32_t split_entries = 0;  // a multiple of kBlockEntries
};

// Page-table entries [first, end) of the context, or own pages with these indices.
struct KeyRange {
  bool own = false;
  int32_t first = 0;
  int32_t end = 0;
};

// The softmax over the keys of one split, unfinished.
struct Partial {
  float* max;  // [queries]
  float* sum;  // [queries], of exp(score - max)
  float* out;  // [queries][D padded], of exp(score - max) * value
};

struct AttentionUnit {
  const QuerySpan* span = nullptr;
  int32_t row = 0;  // rows [row, row + n_rows) of the span
  int32_t n_rows = 0;
  int32_t head = 0;  // query heads [head, head + n_heads), query = row * n_heads + head
  int32_t n_heads = 0;
  int32_t padded_queries = 0;
  int32_t dim = 0;  // D padded
  int32_t split_entries = 0;
  int32_t n_context_splits = 0;
  int32_t first_own_page = 0, end_own_page = 0;  // that any of the rows sees
  float* partials = nullptr;

  int32_t n_queries() const { return n_rows * n_heads; }
  int32_t n_splits() const {
    return n_context_splits + (end_own_page - 1) / split_entries - first_own_page / split_entries +
           1;
  }
  // Query `i`, float [D], and its own tokens that it sees: slots first_slot(i)..last_slot(i).
  const float* query(const AttentionParams& params, int32_t i) const;
  int32_t first_slot(const AttentionParams& params, int32_t i) const;
  int32_t last_slot(int32_t i) const { return span->first_slot + row + i / n_heads; }

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

  AttentionPlan(const AttentionParams& params, UnitShape shape, ThreadPool& threads)
      : params_(params), shape_(shape), threads_(threads) {}

  void run(Item item, Finish finish);

 private:
  // A work item.
  struct Turn {
    int32_t unit = 0, split = 0;
  };

  static constexpr int32_t kMaxUnits = 64;            // of a round
  static constexpr int64_t kPartialFloats = 2 << 20;  // of a round, unless one unit needs more

  AttentionUnit make_unit(const QuerySpan& span, int32_t row, int32_t head) const;
  void add(AttentionUnit unit);
  void run_round();

  const AttentionParams& params_;
  const UnitShape shape_;
  ThreadPool& threads_;
  Item item_ = nullptr;
  Finish finish_ = nullptr;
  AttentionUnit units_[kMaxUnits];
  int32_t n_units_ = 0;
  int64_t n_items_ = 0;
  int64_t n_floats_ = 0;
};

}  // namespace rondo::kernels
