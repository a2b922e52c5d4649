// Rows in bf16, as the tensor cores take them: what the path of many rows keeps between its
// products, half of float32's bytes. Row t of a buffer begins at t * bf16_stride(width); what lies
// between its width and the next row is zero.
//
// Numerics: computed in float32 from what is read, rounded once to the nearest even; sums over a
// row are added in an order that depends on its width alone.
// Thread: the engine thread. Launchers borrow; they return what a launcher returns.
#pragma once

#include <cstdint>

#include "kernels/cuda/context.h"
#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

// Elements from row to row: a multiple of 16 bytes.
__host__ __device__ constexpr int64_t bf16_stride(int64_t width) { return (width + 7) / 8 * 8; }
// The least width of rows whose bf16 fit where as many float32 were meant to stand.
inline constexpr int32_t kLeastBf16Width = 8;
inline constexpr int32_t kMaxNormWidth = 32 << 10;

// out[t] = x[t]; rows of x are x_stride floats apart.
int round_rows(const float* x, int64_t x_stride, int32_t n_rows, int32_t width, uint16_t* out,
               Context& context);
// rms_norm of kernels.h. REQUIRES: width <= kMaxNormWidth.
int norm_rows(const float* x, const float* weight, float eps, int32_t n_rows, int32_t width,
              uint16_t* out, Context& context);
// out[t] = silu(gate_up[t][0..width)) * gate_up[t][width..2 width)
int swiglu_rows(const uint16_t* gate_up, int32_t n_rows, int32_t width, uint16_t* out,
                Context& context);

}  // namespace rondo::kernels::cuda
