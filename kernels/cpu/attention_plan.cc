#include "kernels/cpu/attention_plan.h"

#include <algorithm>
#include <cstddef>

#include "kernels/launch.h"

namespace rondo::kernels {
namespace {

constexpr int32_t round_up(int32_t n, int32_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

int64_t partial_floats(const AttentionUnit& unit) {
  return int64_t{unit.padded_queries} * (2 + unit.dim);
}

}  // namespace

KeyRange AttentionUnit::keys(int32_t split) const {
  if (split < n_context_splits) {
    const int32_t first = split * split_entries;
    return {false, first, std::min(first + split_entries, span->n_context)};
  }
  const int32_t own = split - n_context_splits + first_own_page / split_entries;
  const int32_t first = first_own_page / kStepPages * kStepPages;
  return {true, std::max(first, own * split_entries),
          std::min(end_own_page, (own + 1) * split_entries)};
}

const float* AttentionUnit::query(const AttentionParams& params, int32_t i) const {
  return params.q + (span->first_row + row + i / n_heads) * params.q_stride +
         int64_t{head + i % n_heads} * params.head_dim;
}

int32_t AttentionUnit::first_slot(const AttentionParams& params, int32_t i) const {
  return params.window == 0 ? 0 : std::max(0, last_slot(i) - params.window + 1);
}

VisiblePage AttentionUnit::page(const AttentionParams& params, bool own, int32_t index) const {
  VisiblePage visible;
  int64_t page;
  if (own) {
    page = span->own_pages[std::max(index, first_own_page) - span->first_own_page];
    const int32_t slot = index * kPageTokens;
    visible.first = std::clamp(first_slot(params, 0) - slot, 0, kPageTokens);
    visible.end = std::clamp(last_slot(n_queries() - 1) + 1 - slot, 0, kPageTokens);
  } else {
    page = span->context[index].page;
    visible.end = span->context[index].n_valid;
  }
  const int64_t head_elements = int64_t{kPageTokens} * params.head_dim;
  const int32_t kv_head = head / (params.n_heads / params.n_kv_heads);
  visible.keys = page_elements(params.kv, page) + kv_head * head_elements;
  visible.values = visible.keys + params.n_kv_heads * head_elements;
  return visible;
}

Partial AttentionUnit::partial(int32_t split) const {
  float* floats = partials + split * partial_floats(*this);
  return {floats, floats + padded_queries, floats + 2 * int64_t{padded_queries}};
}

void AttentionPlan::run(Item item, Finish finish) {
  item_ = item;
  finish_ = finish;
  const int32_t group = params_.n_heads / params_.n_kv_heads;
  const int32_t heads = std::min(group, shape_.max);
  const int32_t rows = shape_.max / heads;
  for (int32_t s = 0; s < params_.n_spans; ++s) {
    const QuerySpan& span = params_.spans[s];
    for (int32_t kv_head = 0; kv_head < params_.n_kv_heads; ++kv_head) {
      for (int32_t row = skipped_rows(params_, span); row < span.n_rows; row += rows) {
        for (int32_t head = 0; head < group; head += heads) {
          AttentionUnit unit = make_unit(span, row, kv_head * group + head);
          unit.n_rows = std::min(rows, span.n_rows - row);
          unit.n_heads = std::min(heads, group - head);
          add(unit);
        }
      }
    }
  }
  run_round();
}

AttentionUnit AttentionPlan::make_unit(const QuerySpan& span, int32_t row, int32_t head) const {
  return {.span = &span,
          .row = row,
          .head = head,
          .dim = round_up(params_.head_dim, 16),
          .split_entries = shape_.split_entries,
          .n_context_splits = (span.n_context + shape_.split_entries - 1) / shape_.split_entries};
}

void AttentionPlan::add(AttentionUnit unit) {
  const int32_t first_slot = unit.span->first_slot + unit.row;
  const int32_t reach = params_.window == 0 ? 0 : std::max(0, first_slot - params_.window + 1);
  unit.first_own_page = reach / kPageTokens;
  unit.end_own_page = (first_slot + unit.n_rows - 1) / kPageTokens + 1;
  unit.padded_queries = round_up(unit.n_queries(), shape_.multiple);
  const int64_t floats = partial_floats(unit) * unit.n_splits();
  if (n_units_ == kMaxUnits || n_floats_ + floats > kPartialFloats) run_round();
  units_[n_units_++] = unit;
  n_items_ += unit.n_splits();
  n_floats_ += floats;
}

void AttentionPlan::run_round() {
  if (n_units_ == 0) return;
  const int64_t float_bytes = n_floats_ * int64_t{sizeof(float)};
  std::byte* scratch =
      threads_.scratch(float_bytes + n_items_ * static_cast<int64_t>(sizeof(Turn)));
  auto* floats = reinterpret_cast<float*>(scratch);
  int32_t most_splits = 0;
  for (int32_t u = 0; u < n_units_; ++u) {
    units_[u].partials = floats;
    floats += partial_floats(units_[u]) * units_[u].n_splits();
    most_splits = std::max(most_splits, units_[u].n_splits());
  }
  auto* turns = reinterpret_cast<Turn*>(scratch + float_bytes);
  Turn* end_turn = turns;
  for (int32_t split = 0; split < most_splits; ++split) {
    for (int32_t u = 0; u < n_units_; ++u) {
      if (split < units_[u].n_splits()) *end_turn++ = {u, split};
    }
  }
  threads_.parallel_for(n_items_, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) item_(params_, units_[turns[i].unit], turns[i].split);
  });
  threads_.parallel_for(n_units_, 4, [&](int64_t begin, int64_t end) {
    for (int64_t u = begin; u < end; ++u) finish_(params_, units_[u]);
  });
  n_units_ = 0;
  n_items_ = 0;
  n_floats_ = 0;
}

}  // namespace rondo::kernels
