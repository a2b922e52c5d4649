#include <vector>

#include "kernels/bf16.h"
#include "kernels/cuda/context.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/matrix.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;

// bf16[n][k] = int8[n][k] * scales[n], rounded to the nearest.
__global__ void dequantize_kernel(Matrix m, uint16_t* to) {
  const int64_t row = blockIdx.x;
  const float scale = m.scales[row];
  for (int i = threadIdx.x; i < m.k_bf16; i += kThreads) {
    to[row * m.k_bf16 + i] = i < m.k ? to_bf16(m.int8[row * m.k_int8 + i] * scale) : 0;
  }
}

}  // namespace

int64_t packed_bytes(WeightType type, int32_t n, int32_t k) {
  return Matrix({.n = n, .k = k, .type = type}).n_bytes;
}

int pack(const RowMajorMatrix& matrix, void* out, Stream stream) {
  if (!valid(matrix) || out == nullptr) return kBadArguments;
  Context& c = context(stream);
  const Matrix m({.data = out, .n = matrix.n, .k = matrix.k, .type = matrix.type});
  const bool is_int8 = matrix.type == WeightType::kInt8;
  const size_t row_bytes = static_cast<size_t>(m.k) * (is_int8 ? 1 : 2);
  const size_t pitch = is_int8 ? m.k_int8 : static_cast<size_t>(m.k_bf16) * 2;
  c.check(cudaMemsetAsync(out, 0, static_cast<size_t>(m.n_bytes), c.stream()));
  c.check(cudaMemcpy2DAsync(out, pitch, matrix.data, row_bytes, row_bytes, m.n, cudaMemcpyDefault,
                            c.stream()));
  if (!is_int8) return launched(c);
  std::vector<float> scales(m.n);
  for (int32_t i = 0; i < m.n; ++i) scales[i] = load_bf16(matrix.scales, i);
  c.check(cudaMemcpyAsync(const_cast<float*>(m.scales), scales.data(),
                          scales.size() * sizeof(float), cudaMemcpyDefault, c.stream()));
  dequantize_kernel<<<m.n, kThreads, 0, c.stream()>>>(m, const_cast<uint16_t*>(m.bf16));
  const int code = launched(c);
  return c.check(cudaStreamSynchronize(c.stream())) ? code : kDeviceFailed;  // scales goes
}

}  // namespace rondo::kernels::cuda
