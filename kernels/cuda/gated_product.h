// The first product of a feed-forward and SwiGLU in one kernel: what lies between, twice as wide as
// its result, never leaves the chip.
//
// Thread: the engine thread.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/matrix.h"

namespace rondo::kernels::cuda {

// out[t] = silu(g) * u, where g and u are the halves of x[t] W^T
struct GatedProduct {
  const uint16_t* x = nullptr;  // as bf16_rows.h has rows of k
  uint16_t* out = nullptr;      // and of n / 2
  int32_t n_rows = 0;
};

// True where there is such a kernel and it is no slower than its parts: this depends on the matrix
// and the device alone, so that a row's bits do not depend on the number of rows.
bool takes_gated_product(const Matrix& matrix, const Context& context);
// REQUIRES: takes_gated_product. Returns what a launcher returns.
int multiply_gated(const GatedProduct& product, const Matrix& matrix, Context& context);

}  // namespace rondo::kernels::cuda
