// Up to kFewRows rows: a decode step, limited by reading the weights once; and its coarse
// launchers.
#pragma once

#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

inline constexpr int32_t kFewRows = 32;  // Kernels::few_rows

// REQUIRES: valid parameters, 1..kFewRows rows. Return what a launcher returns.
int qkv_few_rows(const QkvParams& params, Stream stream);
int feed_forward_few_rows(const FeedForwardParams& params, Stream stream);

}  // namespace rondo::kernels::cuda
