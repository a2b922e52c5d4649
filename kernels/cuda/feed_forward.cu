// feed_forward of kernels.h. Many rows: what lies between the products is bf16, in the buffers that
// would have it in float32.
//
// Numerics: those of matmul.h; gates and ups are rounded to bf16 before SwiGLU, unless both are one
// kernel (gated_product.h), and its result is.

#include <algorithm>

#include "kernels/cuda/bf16_rows.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/gated_product.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/matmul.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

int feed_forward_many_rows(const FeedForwardParams& p, Context& c) {
  const Matrix gate_up(p.gate_up), down(p.down);
  auto* normed = reinterpret_cast<uint16_t*>(p.normed);
  auto* gate_up_rows = reinterpret_cast<uint16_t*>(p.gate_up_rows);
  auto* hidden = reinterpret_cast<uint16_t*>(p.hidden);
  std::byte* scratch =
      c.scratch(std::max(weight_scratch_bytes(gate_up), weight_scratch_bytes(down)));
  if (c.status() != cudaSuccess) return kDeviceFailed;
  norm_rows(p.x, p.norm_weight, p.eps, p.n_rows, gate_up.k, normed, c);
  if (takes_gated_product(gate_up, c)) {
    multiply_gated({.x = normed, .out = hidden, .n_rows = p.n_rows}, gate_up, c);
  } else {
    multiply({.x = normed,
              .out = gate_up_rows,
              .out_stride = bf16_stride(gate_up.n),
              .out_type = CUDA_R_16BF,
              .n_rows = p.n_rows,
              .weights = scratch},
             gate_up, c);
    swiglu_rows(gate_up_rows, p.n_rows, down.k, hidden, c);
  }
  return multiply({.x = hidden,
                   .out = p.x,
                   .out_stride = down.n,
                   .n_rows = p.n_rows,
                   .accumulate = true,
                   .weights = scratch},
                  down, c);
}

}  // namespace

int feed_forward(const FeedForwardParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.down.n < kLeastBf16Width || p.down.n > kMaxNormWidth || p.down.k < kLeastBf16Width) {
    return kBadArguments;
  }
  if (p.n_rows == 0) return kOk;
  return p.n_rows <= kFewRows ? feed_forward_few_rows(p, stream)
                              : feed_forward_many_rows(p, context(stream));
}

}  // namespace rondo::kernels::cuda
