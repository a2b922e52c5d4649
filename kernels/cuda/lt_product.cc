#include "kernels/cuda/lt_product.h"

#include <bit>
#include <optional>

namespace rondo::kernels::cuda {
namespace {

constexpr int32_t kTypicalRows = 512;  // that an algorithm is chosen for

using Algorithm = cublasLtMatmulAlgo_t;

// cuBLASLt's descriptions of a product with so many rows. cuBLAS counts matrices by columns: a
// row-major [rows, columns] is its [columns, rows], so out^T = W x^T.
class Description {
 public:
  Description(Context& context, const LtProduct& p, int32_t n_rows) : context_(context) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    check(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof(transposed)));
    check(cublasLtMatrixLayoutCreate(&weight, CUDA_R_16BF, p.k, p.n, p.weight_stride));
    check(cublasLtMatrixLayoutCreate(&x, CUDA_R_16BF, p.k, n_rows, p.k));
    check(cublasLtMatrixLayoutCreate(&out, p.out_type, p.n, n_rows, p.out_stride));
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

// The largest power of two that divides an address and a stride, up to what cuBLASLt cares for.
uint32_t alignment_of(const void* data, int64_t stride_bytes) {
  const auto bits = reinterpret_cast<uintptr_t>(data) | static_cast<uintptr_t>(stride_bytes) | 256;
  return uint32_t{1} << std::countr_zero(bits);
}

Context::MatmulKey key_of(const LtProduct& p) {
  return {.n = p.n,
          .k = p.k,
          .out_type = p.out_type,
          .alignment_x = alignment_of(p.x, p.k * int64_t{2}),
          .alignment_out = alignment_of(p.out, p.out_stride * p.out_element_bytes())};
}

// cuBLASLt's best guesses for n_rows rows, of algorithms that add up in one piece.
std::vector<Algorithm> proposals(Context& c, const LtProduct& p, int32_t n_rows, int at_most) {
  const Context::MatmulKey key = key_of(p);
  const Description d(c, p, n_rows);
  cublasLtMatmulPreference_t preference = nullptr;
  if (!c.check(cublasLtMatmulPreferenceCreate(&preference))) return {};
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
    c.check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)));
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{Context::kWorkspaceBytes});
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.alignment_x);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.alignment_out);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.alignment_out);
  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(at_most));
  int n_results = 0;
  c.check(cublasLtMatmulAlgoGetHeuristic(c.lt(), d.operation, d.weight, d.x, d.out, d.out,
                                         preference, at_most, results.data(), &n_results));
  cublasLtMatmulPreferenceDestroy(preference);
  std::vector<Algorithm> algorithms;
  for (int i = 0; i < n_results; ++i) {
    if (results[i].state == CUBLAS_STATUS_SUCCESS) algorithms.push_back(results[i].algo);
  }
  return algorithms;
}

void queue(Context& c, const LtProduct& p, const Algorithm& algorithm) {
  const Description d(c, p, p.n_rows);
  const float one = 1, beta = p.accumulate ? 1 : 0;
  c.check(cublasLtMatmul(c.lt(), d.operation, &one, p.weights, d.weight, p.x, d.x, &beta, p.out,
                         d.out, p.out, d.out, &algorithm, c.workspace(), Context::kWorkspaceBytes,
                         c.stream()));
}

// Empty, with an error noted, where cuBLASLt has none.
std::optional<Algorithm> choose(Context& c, const LtProduct& p) {
  const std::vector<Algorithm> large = proposals(c, p, kTypicalRows, 1);
  if (large.empty()) {
    c.check(CUBLAS_STATUS_NOT_SUPPORTED);
    return std::nullopt;
  }
  return large.front();
}

}  // namespace

void multiply(Context& c, const LtProduct& product) {
  const Context::MatmulKey key = key_of(product);
  auto known = c.algorithms().find(key);
  if (known == c.algorithms().end()) {
    const std::optional<Algorithm> chosen = choose(c, product);
    if (!chosen) return;
    known = c.algorithms().emplace(key, *chosen).first;
  }
  queue(c, product, known->second);
}

}  // namespace rondo::kernels::cuda
