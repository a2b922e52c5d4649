#include "kernels/compose.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

int feed_forward_many_rows(const FeedForwardParams& p, Stream stream) {
  return composed_feed_forward<rms_norm, linear, swiglu>(p, stream);
}

}  // namespace

int feed_forward(const FeedForwardParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  return p.n_rows <= kFewRows ? feed_forward_few_rows(p, stream)
                              : feed_forward_many_rows(p, stream);
}

}  // namespace rondo::kernels::cuda
