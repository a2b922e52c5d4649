#include "kernels/cuda/matmul.h"

#include <algorithm>
#include <bit>

#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int32_t kTypicalRows = 256;    // that an algorithm is chosen for
constexpr int32_t kSliceOutputs = 8192;  // of quantised weights as bf16, at a time

// Rows of float as rows of bf16, padded with zeros to k_bf16. A thread takes 8 neighbours.
__global__ void round_kernel(const float* x, int64_t x_stride, int32_t k, int32_t k_bf16,
                             uint16_t* out) {
  begin_kernel();
  const int64_t row = blockIdx.x;
  const int at = 8 * (blockIdx.y * kThreads + threadIdx.x);
  if (at >= k_bf16) return;
  const float* from = x + row * x_stride + at;
  float values[8];
  if (reinterpret_cast<uintptr_t>(from) % 16 == 0 && at + 8 <= k) {
    *reinterpret_cast<float4*>(values) = *reinterpret_cast<const float4*>(from);
    *reinterpret_cast<float4*>(values + 4) = *reinterpret_cast<const float4*>(from + 4);
  } else {
    for (int i = 0; i < 8; ++i) values[i] = at + i < k ? from[i] : 0.0f;
  }
  *reinterpret_cast<uint4*>(out + row * k_bf16 + at) =
      make_uint4(pack_bf16(values[0], values[1]), pack_bf16(values[2], values[3]),
                 pack_bf16(values[4], values[5]), pack_bf16(values[6], values[7]));
}

// The largest power of two that divides an address and a stride, up to what cuBLASLt cares for.
uint32_t alignment_of(const void* data, int64_t stride_bytes) {
  const auto bits = reinterpret_cast<uintptr_t>(data) | static_cast<uintptr_t>(stride_bytes) | 256;
  return uint32_t{1} << std::countr_zero(bits);
}

// Outputs [first, first + n) of a product of bf16.
struct Slice {
  const uint16_t* weights;  // [n][k_bf16]
  const uint16_t* x;        // [T][k_bf16]
  float* out;               // [T] rows of n, out_stride apart
  int64_t out_stride;
  int32_t n, k_bf16;
};

// cuBLASLt's descriptions of one product. cuBLAS counts matrices by columns: a row-major [rows,
// columns] is its [columns, rows], so out^T = W x^T.
class Description {
 public:
  Description(Context& context, const Slice& s, int32_t n_rows) : context_(context) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    check(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof(transposed)));
    check(cublasLtMatrixLayoutCreate(&weight, CUDA_R_16BF, s.k_bf16, s.n, s.k_bf16));
    check(cublasLtMatrixLayoutCreate(&x, CUDA_R_16BF, s.k_bf16, n_rows, s.k_bf16));
    check(cublasLtMatrixLayoutCreate(&out, CUDA_R_32F, s.n, n_rows, s.out_stride));
  }
  ~Description() {
    if (out != nullptr) cublasLtMatrixLayoutDestroy(out);
    if (x != nullptr) cublasLtMatrixLayoutDestroy(x);
    if (weight != nullptr) cublasLtMatrixLayoutDestroy(weight);
    if (operation != nullptr) cublasLtMatmulDescDestroy(operation);
  }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t weight = nullptr, x = nullptr, out = nullptr;

 private:
  void check(cublasStatus_t status) { context_.check(status); }
  Context& context_;
};

// The best algorithm for the typical number of rows that adds up in one piece.
bool choose_algorithm(Context& c, const Slice& slice, const Context::MatmulKey& key,
                      cublasLtMatmulAlgo_t& algorithm) {
  const Description d(c, slice, kTypicalRows);
  cublasLtMatmulPreference_t preference = nullptr;
  if (!c.check(cublasLtMatmulPreferenceCreate(&preference))) return false;
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
    c.check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)));
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{Context::kWorkspaceBytes});
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.alignment_x);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.alignment_out);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.alignment_out);
  cublasLtMatmulHeuristicResult_t result = {};
  int n_results = 0;
  c.check(cublasLtMatmulAlgoGetHeuristic(c.lt(), d.operation, d.weight, d.x, d.out, d.out,
                                         preference, 1, &result, &n_results));
  cublasLtMatmulPreferenceDestroy(preference);
  algorithm = result.algo;
  return c.check(n_results > 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED);
}

void multiply(Context& c, const Slice& slice, int32_t n_rows, bool accumulate) {
  const Context::MatmulKey key{.n = slice.n,
                               .k = slice.k_bf16,
                               .alignment_x = alignment_of(slice.x, slice.k_bf16 * int64_t{2}),
                               .alignment_out = alignment_of(slice.out, slice.out_stride * 4)};
  auto known = c.algorithms().find(key);
  if (known == c.algorithms().end()) {
    cublasLtMatmulAlgo_t algorithm;
    if (!choose_algorithm(c, slice, key, algorithm)) return;
    known = c.algorithms().emplace(key, algorithm).first;
  }
  const Description d(c, slice, n_rows);
  const float one = 1, beta = accumulate ? 1 : 0;
  c.check(cublasLtMatmul(c.lt(), d.operation, &one, slice.weights, d.weight, slice.x, d.x, &beta,
                         slice.out, d.out, slice.out, d.out, &known->second, c.workspace(),
                         Context::kWorkspaceBytes, c.stream()));
}

}  // namespace

int matmul(const LinearParams& p, const Matrix& m, Context& c) {
  const int64_t row_bytes = int64_t{2} * m.k_bf16;
  const int64_t x_bytes = (p.n_rows * row_bytes + 255) / 256 * 256;
  const int32_t slice_n = m.bf16 != nullptr ? m.n : std::min(kSliceOutputs, m.n);
  std::byte* memory = c.scratch(x_bytes + (m.bf16 != nullptr ? 0 : slice_n * row_bytes));
  if (memory == nullptr) return kDeviceFailed;
  auto* x = reinterpret_cast<uint16_t*>(memory);
  auto* weights = reinterpret_cast<uint16_t*>(memory + x_bytes);
  const dim3 grid(p.n_rows, (m.k_bf16 / 8 + kThreads - 1) / kThreads);
  launch(c, round_kernel, {.grid = grid, .block = kThreads}, p.x, p.x_stride, m.k, m.k_bf16, x);
  for (int32_t first = 0; first < m.n; first += slice_n) {
    const int32_t n = std::min(slice_n, m.n - first);
    if (m.bf16 == nullptr) dequantize(m, first, n, weights, c);
    multiply(c,
             {.weights = m.bf16 != nullptr ? m.bf16 : weights,
              .x = x,
              .out = p.out + first,
              .out_stride = p.out_stride,
              .n = n,
              .k_bf16 = m.k_bf16},
             p.n_rows, p.accumulate);
  }
  return launched(c);
}

}  // namespace rondo::kernels::cuda
