#include "kernels/compose.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/linear_stream.cuh"
#include "kernels/cuda/stream_epilogues.cuh"

namespace rondo::kernels::cuda {

// Two kernels: up to SwiGLU, and the product that takes its rows as they were rounded there.
int feed_forward_few_rows(const FeedForwardParams& p, Stream stream) {
  Context& c = context(stream);
  const int32_t dim = p.down.k;
  if (!c.copies_in_bulk() || dim % kRoundedTo != 0)
    return composed_feed_forward<rms_norm, linear, swiglu>(p, stream);
  const StreamRows rows = {.x = p.x,
                           .stride = p.gate_up.k,
                           .n_rows = p.n_rows,
                           .norm_weight = p.norm_weight,
                           .eps = p.eps};
  auto* hidden = reinterpret_cast<uint16_t*>(p.hidden);  // bf16 [T, F]
  const int failed =
      launch_stream(rows, Matrix(p.gate_up), dim, StoreSwiglu{.out = hidden, .stride = dim}, c);
  if (failed != kOk) return failed;
  return launch_stream({.rounded = hidden, .stride = dim, .n_rows = p.n_rows}, Matrix(p.down), 0,
                       StoreSums{.out = p.x, .stride = p.down.n, .accumulate = true}, c);
}

}  // namespace rondo::kernels::cuda
