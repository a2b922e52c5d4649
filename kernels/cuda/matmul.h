// Products of more than 32 rows, by cuBLASLt on the tensor cores.
//
// Numerics: rows are bf16, products exact, sums float32 along k in one piece (no split-K), rounded
// once where the result is bf16: a row's bits do not depend on the number of rows (lt_product.h).
//
// Thread: the engine thread.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/matrix.h"

namespace rondo::kernels::cuda {

// linear for more than 32 rows. REQUIRES: valid parameters, the context's device. Returns what a
// launcher returns.
int matmul(const LinearParams& params, const Matrix& matrix, Context& context);

// A product of rows that are bf16 already: out[t][n] = sum_k x[t][k] W[n][k], or +=.
struct Bf16Product {
  const uint16_t* x = nullptr;           // bf16 [T][k], as bf16_rows.h has them
  void* out = nullptr;                   // [T] rows of n; does not overlap x
  int64_t out_stride = 0;                // elements
  cudaDataType_t out_type = CUDA_R_32F;  // or CUDA_R_16BF
  int32_t n_rows = 0;
  bool accumulate = false;
  std::byte* weights = nullptr;  // scratch of weight_scratch_bytes(matrix), at a multiple of 256
};
int multiply(const Bf16Product& product, const Matrix& matrix, Context& context);

// What a product needs to make bf16 of quantised weights: 0 where the matrix has them in bf16.
int64_t weight_scratch_bytes(const Matrix& matrix);

}  // namespace rondo::kernels::cuda
