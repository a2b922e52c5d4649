#include "kernels/cuda/context.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;

// A thread makes 8 weights of row first + blockIdx.x.
__global__ void dequantize_kernel(Matrix m, int32_t first, uint16_t* to) {
  begin_kernel();
  const int row = first + blockIdx.x;
  const int at = 8 * (blockIdx.y * kThreads + threadIdx.x);
  if (at >= m.k_bf16) return;
  float values[8];
  if (m.type == WeightType::kInt8) {
    const auto* from = reinterpret_cast<const int8_t*>(m.rows + row * m.row_bytes) + at;
    for (int i = 0; i < 8; ++i) values[i] = from[i] * m.scales[row];
  } else {
    const auto word = *reinterpret_cast<const uint32_t*>(m.rows + row * m.row_bytes + at / 2);
    const uint16_t* scale = m.scales_of(row, at / kInt4Group);
    const int offset = m.has_offsets ? static_cast<int16_t>(scale[Matrix::kToOffset]) / 16 : 0;
    for (int i = 0; i < 8; ++i)
      values[i] = (static_cast<int>(word >> 4 * i & 15) - 8 + offset) * bf16_value(*scale);
  }
  for (int i = 0; i < 8; ++i) values[i] = at + i < m.k ? values[i] : 0.0f;
  *reinterpret_cast<uint4*>(to + int64_t{blockIdx.x} * m.k_bf16 + at) =
      make_uint4(pack_bf16(values[0], values[1]), pack_bf16(values[2], values[3]),
                 pack_bf16(values[4], values[5]), pack_bf16(values[6], values[7]));
}

int64_t source_row_bytes(const RowMajorMatrix& matrix) {
  if (is_int4(matrix.type)) return (matrix.k + 7) / 8 * int64_t{4};
  return matrix.k * (matrix.type == WeightType::kInt8 ? int64_t{1} : int64_t{2});
}

// A thread widens one scale of an int8 matrix.
__global__ void widen_scales_kernel(const uint16_t* from, int32_t n, float* to) {
  begin_kernel();
  const int row = blockIdx.x * kThreads + threadIdx.x;
  if (row < n) to[row] = bf16_value(from[row]);
}

// [n][n_groups] becomes [n / 8][m.n_groups][8]: a thread moves one scale of an int4 matrix, and the
// offset that its zero point makes.
__global__ void turn_scales_kernel(const uint16_t* scales, const uint8_t* zeros, Matrix m,
                                   int32_t n_groups) {
  begin_kernel();
  const int row = blockIdx.x * kThreads + threadIdx.x, group = blockIdx.y;
  if (row >= m.n) return;
  auto* to = const_cast<uint16_t*>(m.scales_of(row, group));
  const int64_t from = int64_t{row} * n_groups + group;
  *to = scales[from];
  if (m.has_offsets) to[Matrix::kToOffset] = static_cast<uint16_t>(16 * (8 - int{zeros[from]}));
}

// By way of scratch memory, wherever they come from.
int place_scales(Context& c, const RowMajorMatrix& matrix, const Matrix& m) {
  const int32_t n_groups = is_int4(m.type) ? (m.k + kInt4Group - 1) / kInt4Group : 1;
  const int64_t n = int64_t{m.n} * n_groups;
  std::byte* raw = c.scratch(3 * n);
  if (raw == nullptr) return kDeviceFailed;
  const auto fetch = [&](std::byte* to, const void* from, int64_t n_bytes) {
    c.check(cudaMemcpyAsync(to, from, static_cast<size_t>(n_bytes), cudaMemcpyDefault, c.stream()));
  };
  fetch(raw, matrix.scales, 2 * n);
  if (m.has_offsets) fetch(raw + 2 * n, matrix.zeros, n);
  const auto* scales = reinterpret_cast<const uint16_t*>(raw);
  const auto* zeros = reinterpret_cast<const uint8_t*>(raw + 2 * n);
  const dim3 grid((m.n + kThreads - 1) / kThreads, n_groups);
  const Shape shape = {.grid = grid, .block = kThreads};
  if (is_int4(m.type)) return launch(c, turn_scales_kernel, shape, scales, zeros, m, n_groups);
  return launch(c, widen_scales_kernel, shape, scales, m.n, const_cast<float*>(m.scales));
}

}  // namespace

int dequantize(const Matrix& m, int32_t first, int32_t n_rows, uint16_t* to, Context& c) {
  const dim3 grid(n_rows, (m.k_bf16 / 8 + kThreads - 1) / kThreads);
  return launch(c, dequantize_kernel, {.grid = grid, .block = kThreads}, m, first, to);
}

int64_t packed_bytes(WeightType type, int32_t n, int32_t k) {
  return Matrix({.n = n, .k = k, .type = type}).n_bytes;
}

int pack(const RowMajorMatrix& matrix, void* out, Stream stream) {
  if (!valid(matrix) || out == nullptr) return kBadArguments;
  Context& c = context(stream);
  const Matrix m({.data = out, .n = matrix.n, .k = matrix.k, .type = matrix.type});
  const auto row_bytes = static_cast<size_t>(source_row_bytes(matrix));
  c.check(cudaMemsetAsync(out, 0, static_cast<size_t>(m.n_bytes), c.stream()));
  c.check(cudaMemcpy2DAsync(out, static_cast<size_t>(m.row_bytes), matrix.data, row_bytes,
                            row_bytes, m.n, cudaMemcpyDefault, c.stream()));
  if (m.type == WeightType::kBf16) return launched(c);
  if (const int code = place_scales(c, matrix, m); code != kOk) return code;
  if (m.bf16 == nullptr) return launched(c);
  return dequantize(m, 0, m.n, const_cast<uint16_t*>(m.bf16), c);
}

}  // namespace rondo::kernels::cuda
