#include "kernels/compose.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"

namespace rondo::kernels::cuda {

int feed_forward_few_rows(const FeedForwardParams& p, Stream stream) {
  return composed_feed_forward<rms_norm, linear, swiglu>(p, stream);
}

}  // namespace rondo::kernels::cuda
