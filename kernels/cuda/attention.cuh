// What both kernels of attention know of pages and spans.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

constexpr float kMasked = -1e30f;  // the score of a key that is not seen
constexpr float kLog2E = 1.44269504f;

// Where a result goes instead of to AttentionParams::out: bf16 [n_rows, H * D], from first_row on.
struct RoundedRows {
  uint16_t* rows = nullptr;  // null: to out
};

// Whether the kernels take heads and strides: they read pages by 16 bytes.
bool takes_attention(const AttentionParams& params);

// Up to 32 rows, of one or two branches; and more, of one. REQUIRES: takes_attention.
// Return what a launcher returns.
int attend_few_rows(const AttentionParams& params, Context& context);
int attend_many_rows(const AttentionParams& params, Context& context);
// More than 32 rows, where Hopper's instructions take them: a question of device and shape alone.
bool takes_hopper(const AttentionParams& params, const Context& context);
int attend_on_hopper(const AttentionParams& params, const RoundedRows& rounded, Context& context);
// out = gate * out + (1 - gate) * second.room, for the rows that a call has.
int mix_gated(const AttentionParams& params, const RoundedRows& rounded, Context& context);
// Both branches there; takes_attention and takes_hopper are true.
int attend_rounded(const AttentionParams& params, const RoundedRows& rounded, Context& context);

// The first branch's part in a head, for a whole warp.
__device__ inline float gate_of_head(const float* q, const float* weight, float bias, int dim) {
  float logit = 0;
  for (int i = threadIdx.x % 32; i < dim; i += 32) logit += q[i] * weight[i];
  return 1.0f / (1.0f + expf(-(warp_sum(logit) + bias)));
}

// The keys of a page for one head; head Hk + h has its values. [kPageTokens][head_dim]
__device__ inline const uint16_t* head_of(const AttentionParams& p, int32_t page, int head) {
  return reinterpret_cast<const uint16_t*>(p.kv.data + page * p.kv.page_stride_bytes +
                                           p.kv.layer_offset_bytes) +
         int64_t{head} * kPageTokens * p.head_dim;
}

// Rows of a span that the call computes, from `first` of the span on.
__device__ inline int rows_of(const AttentionParams& p, const QuerySpan& span, int& first) {
  first = max(0, p.first_row - span.first_row);
  return max(0, span.n_rows - first);
}

// A page-table entry: keys [from, to) of a page are seen.
struct SeenKeys {
  int32_t page = 0;
  int32_t from = 0, to = 0;

  __device__ bool has(int key) const { return from <= key && key < to; }
};

// The entries that rows of a span see: those of the context, then own pages from first_own on.
struct Entries {
  QuerySpan span;
  int32_t first_own;
  int32_t first_slot, last_slot;  // own slots that are seen

  __device__ int count() const { return span.n_context + last_slot / kPageTokens + 1 - first_own; }
  __device__ int own_page(int entry) const { return entry - span.n_context + first_own; }
  // No row of this step is written to the page (AttentionParams).
  __device__ bool is_settled(int entry) const {
    return entry < span.n_context || own_page(entry) < span.first_slot / kPageTokens;
  }
  __device__ SeenKeys operator[](int entry) const {
    if (entry < span.n_context) {
      const PageRef ref = span.context[entry];
      return {ref.page, 0, ref.n_valid};
    }
    const int own = own_page(entry), base = own * kPageTokens;
    return {span.own_pages[own - span.first_own_page], max(0, first_slot - base),
            min(kPageTokens, last_slot - base + 1)};
  }
};

}  // namespace rondo::kernels::cuda
