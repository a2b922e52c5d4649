#include "kernels/compose.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/linear_stream.cuh"
#include "kernels/cuda/stream_epilogues.cuh"

namespace rondo::kernels::cuda {

// Two kernels: up to SwiGLU, and the product that takes its rows as they were rounded there; for
// quantised weights they are rounded when all of a row is known.
int feed_forward_few_rows(const FeedForwardParams& p, Stream stream) {
  Context& c = context(stream);
  const int32_t dim = p.down.k;
  const bool rounds = p.down.type == WeightType::kBf16;
  // Half a tile's pairs must not begin within a box of rows.
  if (!c.copies_in_bulk() || dim % (rounds ? kRoundedTo : 16) != 0)
    return composed_feed_forward<rms_norm, linear, swiglu>(p, stream);
  const StreamRows rows = {.x = p.x,
                           .stride = p.gate_up.k,
                           .n_rows = p.n_rows,
                           .norm_weight = p.norm_weight,
                           .eps = p.eps};
  const Matrix gate_up(p.gate_up);
  StreamRows hidden = {.stride = dim, .n_rows = p.n_rows};
  int failed = kOk;
  if (rounds) {
    auto* rounded = reinterpret_cast<uint16_t*>(p.hidden);  // bf16 [T, F]
    hidden.rounded = rounded;
    failed = launch_stream(rows, gate_up, dim, StoreSwiglu<uint16_t>{rounded, dim}, c);
  } else {
    hidden.x = p.hidden;
    failed = launch_stream(rows, gate_up, dim, StoreSwiglu<float>{p.hidden, dim}, c);
  }
  if (failed != kOk) return failed;
  return launch_stream(hidden, Matrix(p.down), 0,
                       StoreSums{.out = p.x, .stride = p.down.n, .accumulate = true}, c);
}

}  // namespace rondo::kernels::cuda
