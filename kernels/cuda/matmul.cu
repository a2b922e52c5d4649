#include "kernels/cuda/matmul.h"

#include <algorithm>

#include "kernels/cuda/bf16_rows.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/lt_product.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int32_t kSliceOutputs = 8192;  // of quantised weights as bf16, at a time

int32_t slice_outputs(const Matrix& m) {
  return m.bf16 != nullptr ? m.n : std::min(kSliceOutputs, m.n);
}

}  // namespace

int64_t weight_scratch_bytes(const Matrix& m) {
  return m.bf16 != nullptr ? 0 : int64_t{2} * slice_outputs(m) * m.k_bf16;
}

int multiply(const Bf16Product& p, const Matrix& m, Context& c) {
  auto* slice_weights = reinterpret_cast<uint16_t*>(p.weights);
  LtProduct slice{.weights = m.bf16 != nullptr ? m.bf16 : slice_weights,
                  .weight_stride = m.k_bf16,
                  .x = p.x,
                  .out_stride = p.out_stride,
                  .out_type = p.out_type,
                  .k = static_cast<int32_t>(bf16_stride(m.k)),
                  .n_rows = p.n_rows,
                  .accumulate = p.accumulate};
  for (int32_t first = 0; first < m.n; first += slice_outputs(m)) {
    slice.n = std::min(slice_outputs(m), m.n - first);
    slice.out = static_cast<std::byte*>(p.out) + first * slice.out_element_bytes();
    if (m.bf16 == nullptr) dequantize(m, first, slice.n, slice_weights, c);
    multiply(c, slice);
  }
  return launched(c);
}

int matmul(const LinearParams& p, const Matrix& m, Context& c) {
  const int64_t weight_bytes = (weight_scratch_bytes(m) + 255) / 256 * 256;
  std::byte* memory = c.scratch(weight_bytes + 2 * p.n_rows * bf16_stride(m.k));
  if (memory == nullptr) return kDeviceFailed;
  auto* x = reinterpret_cast<uint16_t*>(memory + weight_bytes);
  if (const int code = round_rows(p.x, p.x_stride, p.n_rows, m.k, x, c); code != kOk) return code;
  return multiply({.x = x,
                   .out = p.out,
                   .out_stride = p.out_stride,
                   .n_rows = p.n_rows,
                   .accumulate = p.accumulate,
                   .weights = memory},
                  m, c);
}

}  // namespace rondo::kernels::cuda
