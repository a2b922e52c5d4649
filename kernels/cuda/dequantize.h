// Quantised weights as bf16, for the tensor cores.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/matrix.h"

namespace rondo::kernels::cuda {

// Queues: to[n_rows][k_bf16] = rows [first, first + n_rows) of an int8 or int4 matrix, weight times
// scale to the nearest bf16, zeros behind k. Returns what a launcher returns.
int dequantize(const Matrix& matrix, int32_t first, int32_t n_rows, uint16_t* to, Context& context);

}  // namespace rondo::kernels::cuda
