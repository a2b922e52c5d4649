// linear for more than 16 rows, by cuBLASLt on the tensor cores.
//
// Numerics: activations are rounded to bf16, products are exact, sums float32 in the order of one
// algorithm for a shape of weights (Context::algorithms), without split-K: a row's bits do not
// depend on the number of rows.
//
// Thread: the engine thread.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/matrix.h"

namespace rondo::kernels::cuda {

// REQUIRES: valid parameters, the context's device. Returns what a launcher returns.
int matmul(const LinearParams& params, const Matrix& matrix, Context& context);

}  // namespace rondo::kernels::cuda
