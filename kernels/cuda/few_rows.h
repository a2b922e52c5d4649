// The coarse launchers for up to kFewRows rows: a decode step, limited by reading the weights once.
#pragma once

#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

// REQUIRES: valid parameters, 1..kFewRows rows. Return what a launcher returns.
int qkv_few_rows(const QkvParams& params, Stream stream);
int feed_forward_few_rows(const FeedForwardParams& params, Stream stream);

}  // namespace rondo::kernels::cuda
