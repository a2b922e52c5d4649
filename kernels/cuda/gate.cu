// The gate of two branches (branches.h), of more rows than a decode step has: a warp a row and
// head. float32.

#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/span_rows.cuh"

namespace rondo::kernels::cuda {
namespace {

constexpr int kHeads = 8;  // of a block

__global__ void __launch_bounds__(32 * kHeads) gate_kernel(AttentionParams p, RoundedRows rounded) {
  begin_kernel();
  const int head = blockIdx.y * kHeads + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (head >= p.n_heads) return;
  const SpanRow row = SpanRows(p.spans, p.n_spans).find(p.first_row, blockIdx.x);
  if (!row.exists()) return;
  const float* q = p.q + row.row() * p.q_stride + int64_t{head} * p.head_dim;
  const float gate = gate_of_head(q, p.second.weight + int64_t{head} * p.head_dim,
                                  p.second.bias[head], p.head_dim);
  const int64_t at = (int64_t{row.row()} * p.n_heads + head) * p.head_dim;
  for (int i = lane; i < p.head_dim; i += 32) {
    const float second = p.second.room[at + i];
    const float mixed = second + gate * (p.out[at + i] - second);
    if (rounded.rows != nullptr) {
      rounded.rows[at - int64_t{p.first_row} * p.n_heads * p.head_dim + i] = to_bf16(mixed);
    } else {
      p.out[at + i] = mixed;
    }
  }
}

}  // namespace

int mix_gated(const AttentionParams& p, const RoundedRows& rounded, Context& c) {
  const dim3 grid(p.n_rows, (p.n_heads + kHeads - 1) / kHeads);
  return launch(c, gate_kernel, {.grid = grid, .block = 32 * kHeads}, p, rounded);
}

}  // namespace rondo::kernels::cuda
