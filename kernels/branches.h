// Attention over two branches (GatedBranch, kernels.h) from kernels that compute one: the first
// into `out`, the second into `room`, then the gate.
//
// Thread: pure functions; attend_branches runs on the thread of the launcher that calls it.
#pragma once

#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/launch.h"

namespace rondo::kernels {

// g = sigmoid(q[t][h] . weight[h] + bias[h]); out[t][h] = g * out[t][h] + (1 - g) * second[t][h].
struct GateMixParams {
  const float* q = nullptr;  // f32 [T, H, D], rows q_stride floats apart (rotated)
  int64_t q_stride = 0;
  const float* weight = nullptr;  // f32 [H, D]
  const float* bias = nullptr;    // f32 [H]
  const float* second = nullptr;  // f32 [T, H * D]
  float* out = nullptr;           // f32 [T, H * D]
  int32_t n_rows = 0;
  int32_t n_heads = 0;
  int32_t head_dim = 0;
};

inline AttentionParams first_branch(AttentionParams params) {
  params.second = {};
  return params;
}

inline AttentionParams second_branch(AttentionParams params) {
  const GatedBranch branch = params.second;
  params.spans = branch.spans;
  params.n_spans = branch.n_spans;
  params.n_entries = branch.n_entries;
  params.window = branch.window;
  params.out = branch.room;
  params.second = {};
  return params;
}

// Rows [first_row, first_row + n_rows) of q and out.
inline GateMixParams gate_of(const AttentionParams& params, int64_t first_row, int32_t n_rows) {
  const int64_t at = first_row * params.n_heads * params.head_dim;
  return {.q = params.q + first_row * params.q_stride,
          .q_stride = params.q_stride,
          .weight = params.second.weight,
          .bias = params.second.bias,
          .second = params.second.room + at,
          .out = params.out + at,
          .n_rows = n_rows,
          .n_heads = params.n_heads,
          .head_dim = params.head_dim};
}

// What `attention` does on the CPU. `attend` computes one branch and returns a launcher's code;
// `mix` takes GateMixParams. REQUIRES: valid(params).
template <class Attend, class Mix>
int attend_branches(const AttentionParams& params, const Attend& attend, const Mix& mix) {
  if (params.second.spans == nullptr) return attend(params);
  if (const int code = attend(first_branch(params)); code != kOk) return code;
  if (const int code = attend(second_branch(params)); code != kOk) return code;
  for (int32_t s = 0; s < params.n_spans;) {
    // Spans whose rows lie side by side, as they do in most steps, are one call.
    const int32_t first = std::max(params.first_row, params.spans[s].first_row);
    int32_t end = params.spans[s].first_row + params.spans[s].n_rows;
    for (++s; s < params.n_spans && params.spans[s].first_row == end; ++s) {
      end += params.spans[s].n_rows;
    }
    if (first < end) mix(gate_of(params, first, end - first));
  }
  return kOk;
}

}  // namespace rondo::kernels
