// One product of bf16 by cuBLASLt, and which of its algorithms computes it.
//
// An algorithm is pinned for what a product depends on (Context::MatmulKey) but its number of rows,
// so that a row's sum does not depend on its neighbours.
//
// Thread: the engine thread.
#pragma once

#include "kernels/cuda/context.h"

namespace rondo::kernels::cuda {

// out[t][n] = sum_k x[t][k] W[n][k], or += with accumulate
struct LtProduct {
  const uint16_t* weights;  // bf16 [n][k], rows weight_stride elements apart
  int64_t weight_stride;
  const uint16_t* x;  // bf16 [T][k]
  void* out;          // [T] rows of n, out_stride elements apart
  int64_t out_stride;
  cudaDataType_t out_type;  // CUDA_R_32F or CUDA_R_16BF
  int32_t n, k;
  int32_t n_rows;
  bool accumulate;

  int64_t out_element_bytes() const { return out_type == CUDA_R_32F ? 4 : 2; }
};

// Queues the product; errors are the context's.
void multiply(Context& context, const LtProduct& product);

}  // namespace rondo::kernels::cuda
