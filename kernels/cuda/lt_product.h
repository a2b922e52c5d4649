// One product of bf16 by cuBLASLt, and which of its algorithms computes it.
//
// Algorithms are found by what a product depends on (Context::MatmulKey), its number of rows by
// buckets. cuBLASLt's estimates are off by up to a third, so of its first few proposals the fastest
// is taken: measured on a product of the bucket, when that has come up a hundred times. Until then
// its first proposal does: loading and measuring the others takes longer (50 ms for the embedded
// model's shapes) than a first prompt may. What it takes is a matter of speed alone, never of bits:
// all come from one family of kernels, which add along k in one piece and in one order (on Hopper:
// tests/gpu; on others all buckets have one algorithm).
// Measured (H100, 2026-11-26): 7B, 8,192 rows, the first proposal 663 to 724 TFLOP/s, the fastest
// of 8 733 to 744; loopcoder-mini 382 to 560, 458 to 663.
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

// Queues the product; errors are the context's. Waits for the device where it measures, which it
// does not while a graph is recorded.
void multiply(Context& context, const LtProduct& product);

}  // namespace rondo::kernels::cuda
