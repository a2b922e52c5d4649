// Which span has a row. A warp looks at 32 spans at once, so that finding one takes as long as
// reading one.
#pragma once

#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

// A row that a call computes; span.n_rows is 0 if there is none.
struct SpanRow {
  QuerySpan span;
  int32_t in_span = 0;  // of the span's rows

  __device__ bool exists() const { return span.n_rows > 0; }
  __device__ int32_t row() const { return span.first_row + in_span; }
  __device__ int32_t slot() const { return span.first_slot + in_span; }
};

// REQUIRES of the functions: the whole warp calls them, with equal arguments.
class SpanRows {
 public:
  // Begins to read.
  __device__ SpanRows(const QuerySpan* spans, int32_t n_spans) : spans_(spans), n_spans_(n_spans) {
    read(0);
  }

  // The index-th row of all spans from `first_row` on.
  __device__ SpanRow find(int32_t first_row, int32_t index) {
    for (int32_t begin = 0; begin < n_spans_; begin += 32) {
      if (begin > 0) read(begin);
      const int32_t skipped = max(0, first_row - mine_.first_row);
      const int32_t n_rows = max(0, mine_.n_rows - skipped);
      int32_t before = n_rows;  // and those of the lanes before
#pragma unroll
      for (int distance = 1; distance < 32; distance *= 2) {
        const int32_t more = __shfl_up_sync(~0u, before, distance);
        if (lane() >= distance) before += more;
      }
      if (const uint32_t lanes = __ballot_sync(~0u, index < before); lanes != 0) {
        const int owner = __ffs(static_cast<int>(lanes)) - 1;
        return {span_of(owner), index + __shfl_sync(~0u, skipped + n_rows - before, owner)};
      }
      index -= __shfl_sync(~0u, before, 31);
    }
    return {};
  }

  // The span that has `row`.
  __device__ SpanRow of(int32_t row) {
    for (int32_t begin = 0; begin < n_spans_; begin += 32) {
      if (begin > 0) read(begin);
      const int32_t in_span = row - mine_.first_row;
      const uint32_t lanes = __ballot_sync(~0u, in_span >= 0 && in_span < mine_.n_rows);
      if (lanes == 0) continue;
      const int owner = __ffs(static_cast<int>(lanes)) - 1;
      return {span_of(owner), __shfl_sync(~0u, in_span, owner)};
    }
    return {};
  }

 private:
  __device__ static int lane() { return static_cast<int>(threadIdx.x % 32); }

  __device__ void read(int32_t begin) {
    mine_ = begin + lane() < n_spans_ ? spans_[begin + lane()] : QuerySpan{};
  }

  template <class T>
  __device__ static const T* pointer_of(const T* mine, int lane) {
    return reinterpret_cast<const T*>(
        __shfl_sync(~0u, reinterpret_cast<unsigned long long>(mine), lane));
  }
  __device__ QuerySpan span_of(int lane) const {
    return {.first_row = __shfl_sync(~0u, mine_.first_row, lane),
            .n_rows = __shfl_sync(~0u, mine_.n_rows, lane),
            .first_slot = __shfl_sync(~0u, mine_.first_slot, lane),
            .context = pointer_of(mine_.context, lane),
            .n_context = __shfl_sync(~0u, mine_.n_context, lane),
            .own_pages = pointer_of(mine_.own_pages, lane),
            .first_own_page = __shfl_sync(~0u, mine_.first_own_page, lane)};
  }

  const QuerySpan* spans_;
  int32_t n_spans_;
  QuerySpan mine_;
};

}  // namespace rondo::kernels::cuda
