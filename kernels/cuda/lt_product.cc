#include "kernels/cuda/lt_product.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace rondo::kernels::cuda {
namespace {

constexpr int32_t kLeastBucket = 64;
constexpr int32_t kLargeRows = 8192;  // of the product whose kernels are the family
constexpr int kProposals = 6;         // that are measured
constexpr int kWorthMeasuring = 100;  // products of a bucket: a few prompts, or a step of many

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

// Row counts that share an algorithm: four buckets between powers of two.
int32_t bucket_of(int32_t n_rows) {
  const int32_t below = static_cast<int32_t>(std::bit_floor(static_cast<uint32_t>(n_rows - 1)));
  const int32_t step = std::max(below / 4, kLeastBucket);
  return (n_rows + step - 1) / step * step;
}

Context::MatmulKey key_of(const LtProduct& p) {
  return {.n = p.n,
          .k = p.k,
          .n_rows = bucket_of(p.n_rows),
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

int32_t family_of(const Algorithm& algorithm) {
  int32_t id = -1;
  size_t n_written = 0;
  cublasLtMatmulAlgoConfigGetAttribute(&algorithm, CUBLASLT_ALGO_CONFIG_ID, &id, sizeof(id),
                                       &n_written);
  return id;
}

void queue(Context& c, const LtProduct& p, const Algorithm& algorithm) {
  const Description d(c, p, p.n_rows);
  const float one = 1, beta = p.accumulate ? 1 : 0;
  c.check(cublasLtMatmul(c.lt(), d.operation, &one, p.weights, d.weight, p.x, d.x, &beta, p.out,
                         d.out, p.out, d.out, &algorithm, c.workspace(), Context::kWorkspaceBytes,
                         c.stream()));
}

// Milliseconds of a product, the shortest of a few.
float measure(Context& c, const LtProduct& p, const Algorithm& algorithm, cudaEvent_t begin,
              cudaEvent_t end) {
  constexpr int kRounds = 3;
  float best = std::numeric_limits<float>::max();
  queue(c, p, algorithm);  // loads the kernel
  for (int round = 0; round < kRounds; ++round) {
    float ms = 0;
    c.check(cudaEventRecord(begin, c.stream()));
    queue(c, p, algorithm);
    c.check(cudaEventRecord(end, c.stream()));
    c.check(cudaEventSynchronize(end));
    if (c.check(cudaEventElapsedTime(&ms, begin, end))) best = std::min(best, ms);
  }
  return best;
}

// What is in `product.out` is lost, unless it adds to it.
Algorithm fastest(Context& c, LtProduct product, const std::vector<Algorithm>& algorithms) {
  void* elsewhere = nullptr;
  if (product.accumulate) {
    const auto n_bytes =
        static_cast<size_t>(product.n_rows * product.out_stride * product.out_element_bytes());
    if (cudaMallocAsync(&elsewhere, n_bytes, c.stream()) != cudaSuccess) {
      (void)cudaGetLastError();  // memory that is short is no broken device
      return algorithms.front();
    }
    product.out = elsewhere;
  }
  cudaEvent_t begin = nullptr, end = nullptr;
  c.check(cudaEventCreate(&begin));
  c.check(cudaEventCreate(&end));
  size_t best = 0;
  float best_ms = std::numeric_limits<float>::max();
  for (size_t i = 0; i < algorithms.size() && c.status() == cudaSuccess; ++i) {
    const float ms = measure(c, product, algorithms[i], begin, end);
    if (ms < best_ms) best = i, best_ms = ms;
  }
  if (begin != nullptr) cudaEventDestroy(begin);
  if (end != nullptr) cudaEventDestroy(end);
  if (elsewhere != nullptr) c.check(cudaFreeAsync(elsewhere, c.stream()));
  return algorithms[best];
}

// Those that may compute the product, the likely fastest first. Empty, with an error noted, where
// cuBLASLt has none. For few rows its best guesses may all be of other families (7B's down product,
// up to 128 rows): then those for more rows are taken, which compute few as well.
std::vector<Algorithm> candidates(Context& c, const LtProduct& p) {
  std::vector<Algorithm> large = proposals(c, p, kLargeRows, 1);
  if (large.empty()) c.check(CUBLAS_STATUS_NOT_SUPPORTED);
  if (large.empty() || c.properties().major != 9) return large;
  for (int32_t n_rows = p.n_rows; n_rows < kLargeRows; n_rows *= 2) {
    std::vector<Algorithm> family = proposals(c, p, n_rows, kProposals);
    std::erase_if(family, [&](const Algorithm& a) { return family_of(a) != family_of(large[0]); });
    if (!family.empty()) return family;
  }
  return large;
}

bool is_recording(Context& c) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  c.check(cudaStreamIsCapturing(c.stream(), &status));
  return status != cudaStreamCaptureStatusNone;
}

}  // namespace

void multiply(Context& c, const LtProduct& product) {
  Context::Algorithms& known = c.algorithms()[key_of(product)];
  if (known.candidates.empty()) known.candidates = candidates(c, product);
  if (known.candidates.empty()) return;
  if (++known.n_products >= kWorthMeasuring && known.candidates.size() > 1 && !is_recording(c))
    known.candidates = {fastest(c, product, known.candidates)};
  queue(c, product, known.candidates.front());
}

}  // namespace rondo::kernels::cuda
