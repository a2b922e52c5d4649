#include "kernels/yardsticks.h"

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/mma.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int64_t kBufferBytes = int64_t{2} << 30;
constexpr int32_t kMatmulSize = 8192;
constexpr int kThreads = 512;
constexpr int kUnrolled = 4;

// Two buffers of the device, freed at the end.
class Buffers {
 public:
  explicit Buffers(Context& c) : c_(c) {
    for (void*& buffer : buffers_) c_.check(cudaMalloc(&buffer, kBufferBytes));
  }
  ~Buffers() {
    for (void* buffer : buffers_) cudaFree(buffer);
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  void* operator[](int i) const { return buffers_[i]; }

 private:
  Context& c_;
  void* buffers_[2] = {};
};

// Seconds that one call takes of the device, the best of some rounds.
template <class Queue>
double seconds_of(Context& c, int n_calls, const Queue& queue) {
  cudaEvent_t begin, end;
  c.check(cudaEventCreate(&begin));
  c.check(cudaEventCreate(&end));
  float best_ms = 1e9f;
  for (int round = 0; round < 5; ++round) {
    c.check(cudaEventRecord(begin, c.stream()));
    for (int i = 0; i < n_calls; ++i) queue();
    c.check(cudaEventRecord(end, c.stream()));
    c.check(cudaEventSynchronize(end));
    float ms = 1e9f;
    c.check(cudaEventElapsedTime(&ms, begin, end));
    best_ms = std::min(best_ms, ms);
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return best_ms * 1e-3 / n_calls;
}

__global__ void empty_kernel() { begin_kernel(); }

__global__ void __launch_bounds__(kThreads) copy_kernel(const uint4* from, uint4* to) {
  begin_kernel();
  const int64_t first = int64_t{blockIdx.x} * kThreads * kUnrolled + threadIdx.x;
  uint4 values[kUnrolled];
#pragma unroll
  for (int i = 0; i < kUnrolled; ++i) values[i] = __ldcs(from + first + i * kThreads);
#pragma unroll
  for (int i = 0; i < kUnrolled; ++i) __stcs(to + first + i * kThreads, values[i]);
}

// Reads everything; writes only where the data are of a kind that they are not.
__global__ void __launch_bounds__(kThreads) read_kernel(const uint4* from, uint4* to) {
  begin_kernel();
  const int64_t first = int64_t{blockIdx.x} * kThreads * kUnrolled + threadIdx.x;
  uint4 values[kUnrolled];
#pragma unroll
  for (int i = 0; i < kUnrolled; ++i) values[i] = __ldcs(from + first + i * kThreads);
  uint32_t all = ~0u;
#pragma unroll
  for (int i = 0; i < kUnrolled; ++i) all &= values[i].x & values[i].y & values[i].z & values[i].w;
  if (all == ~0u) to[first] = values[0];
}

// bf16 of about the normal distribution: the sum of four uniform numbers.
__global__ void __launch_bounds__(kThreads) fill_kernel(uint32_t* to) {
  begin_kernel();
  const int64_t at = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  uint32_t state = static_cast<uint32_t>(at) * 2654435761u + 1;
  float pair[2];
  for (float& value : pair) {
    value = -2;
    for (int i = 0; i < 4; ++i) {
      state ^= state << 13, state ^= state >> 17, state ^= state << 5;
      value += static_cast<float>(state) * 0x1p-32f;
    }
  }
  to[at] = pack_bf16(pair[0], pair[1]);
}

// cuBLASLt's own best for a product of square matrices, of the algorithms that it proposes.
double matmul_seconds(Context& c, const Buffers& buffers) {
  constexpr int kMost = 8;
  const cublasOperation_t transposed = CUBLAS_OP_T;
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t square = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  c.check(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  c.check(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                         sizeof(transposed)));
  c.check(cublasLtMatrixLayoutCreate(&square, CUDA_R_16BF, kMatmulSize, kMatmulSize, kMatmulSize));
  c.check(cublasLtMatmulPreferenceCreate(&preference));
  const uint64_t workspace = Context::kWorkspaceBytes;
  c.check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                               &workspace, sizeof(workspace)));
  cublasLtMatmulHeuristicResult_t results[kMost];
  int n_results = 0;
  c.check(cublasLtMatmulAlgoGetHeuristic(c.lt(), operation, square, square, square, square,
                                         preference, kMost, results, &n_results));
  const float one = 1, zero = 0;
  const auto* a = static_cast<const std::byte*>(buffers[0]);
  const std::byte* b = a + int64_t{2} * kMatmulSize * kMatmulSize;
  double best = 1e9;
  for (int i = 0; i < n_results; ++i) {
    best =
        std::min(best, seconds_of(c, 4, [&] {
                   c.check(cublasLtMatmul(c.lt(), operation, &one, a, square, b, square, &zero,
                                          buffers[1], square, buffers[1], square, &results[i].algo,
                                          c.workspace(), Context::kWorkspaceBytes, c.stream()));
                 }));
  }
  cublasLtMatmulPreferenceDestroy(preference);
  cublasLtMatrixLayoutDestroy(square);
  cublasLtMatmulDescDestroy(operation);
  return best;
}

}  // namespace

int measure_yardsticks(Context& c, Yardsticks* out) {
  const Buffers buffers(c);
  if (c.status() != cudaSuccess) return kDeviceFailed;
  constexpr int64_t kVectors = kBufferBytes / sizeof(uint4);
  const Shape shape{.grid = kVectors / (kThreads * kUnrolled), .block = kThreads};
  const auto* from = static_cast<const uint4*>(buffers[0]);
  auto* to = static_cast<uint4*>(buffers[1]);
  launch(c, fill_kernel, {.grid = kBufferBytes / 4 / kThreads, .block = kThreads},
         static_cast<uint32_t*>(buffers[0]));
  const double copied = seconds_of(c, 4, [&] { launch(c, copy_kernel, shape, from, to); });
  const double by_driver = seconds_of(c, 4, [&] {
    c.check(cudaMemcpyAsync(to, from, kBufferBytes, cudaMemcpyDeviceToDevice, c.stream()));
  });
  const double read = seconds_of(c, 4, [&] { launch(c, read_kernel, shape, from, to); });
  out->copy_bytes_per_s = 2.0 * kBufferBytes / std::min(copied, by_driver);
  out->read_bytes_per_s = kBufferBytes / read;
  out->matmul_flops_per_s =
      2.0 * kMatmulSize * kMatmulSize * kMatmulSize / matmul_seconds(c, buffers);
  out->empty_launch_seconds =
      seconds_of(c, 200, [&] { launch(c, empty_kernel, {.grid = 1, .block = 32}); });
  return launched(c);
}

}  // namespace rondo::kernels::cuda
