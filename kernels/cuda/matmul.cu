#include "kernels/cuda/matmul.h"

#include <bit>

#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int32_t kTypicalRows = 256;  // that an algorithm is chosen for

// Rows of float as rows of bf16, padded with zeros to k_bf16.
__global__ void round_kernel(const float* x, int64_t x_stride, int32_t k, int32_t k_bf16,
                             uint16_t* out) {
  const int64_t row = blockIdx.x;
  for (int i = blockIdx.y * kThreads + threadIdx.x; i < k_bf16; i += gridDim.y * kThreads) {
    out[row * k_bf16 + i] = i < k ? to_bf16(x[row * x_stride + i]) : 0;
  }
}

// The largest power of two that divides an address and a stride, up to what cuBLASLt cares for.
uint32_t alignment_of(const void* data, int64_t stride_bytes) {
  const auto bits = reinterpret_cast<uintptr_t>(data) | static_cast<uintptr_t>(stride_bytes) | 256;
  return uint32_t{1} << std::countr_zero(bits);
}

// cuBLASLt's descriptions of one product. cuBLAS counts matrices by columns: a row-major [rows,
// columns] is its [columns, rows], so out^T = W x^T.
class Description {
 public:
  Description(Context& context, const LinearParams& p, const Matrix& m, int32_t n_rows)
      : context_(context) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    check(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof(transposed)));
    check(cublasLtMatrixLayoutCreate(&weight, CUDA_R_16BF, m.k_bf16, m.n, m.k_bf16));
    check(cublasLtMatrixLayoutCreate(&x, CUDA_R_16BF, m.k_bf16, n_rows, m.k_bf16));
    check(cublasLtMatrixLayoutCreate(&out, CUDA_R_32F, m.n, n_rows, p.out_stride));
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
bool choose_algorithm(Context& c, const LinearParams& p, const Matrix& m,
                      const Context::MatmulKey& key, cublasLtMatmulAlgo_t& algorithm) {
  const Description d(c, p, m, kTypicalRows);
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

}  // namespace

int matmul(const LinearParams& p, const Matrix& m, Context& c) {
  auto* x = reinterpret_cast<uint16_t*>(c.scratch(int64_t{p.n_rows} * m.k_bf16 * 2));
  if (x == nullptr) return kDeviceFailed;
  const dim3 grid(p.n_rows, (m.k_bf16 + 4 * kThreads - 1) / (4 * kThreads));
  round_kernel<<<grid, kThreads, 0, c.stream()>>>(p.x, p.x_stride, m.k, m.k_bf16, x);

  const Context::MatmulKey key{.n = m.n,
                               .k = m.k_bf16,
                               .alignment_x = alignment_of(x, m.k_bf16 * int64_t{2}),
                               .alignment_out = alignment_of(p.out, p.out_stride * 4)};
  auto known = c.algorithms().find(key);
  if (known == c.algorithms().end()) {
    cublasLtMatmulAlgo_t algorithm;
    if (!choose_algorithm(c, p, m, key, algorithm)) return kDeviceFailed;
    known = c.algorithms().emplace(key, algorithm).first;
  }
  const Description d(c, p, m, p.n_rows);
  const float one = 1, beta = p.accumulate ? 1 : 0;
  c.check(cublasLtMatmul(c.lt(), d.operation, &one, m.bf16, d.weight, x, d.x, &beta, p.out, d.out,
                         p.out, d.out, &known->second, c.workspace(), Context::kWorkspaceBytes,
                         c.stream()));
  return launched(c);
}

}  // namespace rondo::kernels::cuda
