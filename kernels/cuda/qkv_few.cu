#include "kernels/compose.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/linear_stream.cuh"
#include "kernels/cuda/stream_epilogues.cuh"

namespace rondo::kernels::cuda {

// One kernel where a tile's pairs do not cross a head.
int qkv_few_rows(const QkvParams& p, Stream stream) {
  constexpr int32_t kMostPairs = 16;
  Context& c = context(stream);
  const int32_t half = p.rope.head_dim / 2;
  if (!c.copies_in_bulk() || half % kMostPairs != 0)
    return composed_qkv<rms_norm, linear, rope_store>(p, stream);
  const StreamRows rows = {.x = p.x,
                           .stride = p.weight.k,
                           .n_rows = p.rope.n_rows,
                           .norm_weight = p.norm_weight,
                           .eps = p.eps};
  return launch_stream(rows, Matrix(p.weight), half, StoreRotated{p.rope}, c);
}

}  // namespace rondo::kernels::cuda
