// What a CUDA device's launchers share: its stream, cuBLASLt and scratch memory. A Stream of
// kernels.h carries it in `device`.
//
// Thread: the engine thread. Owns stream, handle and scratch.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "kernels/launch.h"

namespace rondo::kernels::cuda {

class Context {
 public:
  // Takes device `ordinal`. What went wrong is in status(), of a CUDA or of a cuBLAS call.
  explicit Context(int32_t ordinal);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // The first error of a call, cudaSuccess so far. A device in error does nothing any more.
  cudaError_t status() const { return status_; }
  // Notes an error; true when there is none.
  bool check(cudaError_t error);
  bool check(cublasStatus_t status);

  int32_t ordinal() const { return ordinal_; }
  cudaStream_t stream() const { return stream_; }
  const cudaDeviceProp& properties() const { return properties_; }
  // The device has the copy engine of sm_90, and the code that runs on it is for such devices.
  bool copies_in_bulk() const { return copies_in_bulk_; }

  // At least `n_bytes` that hold nothing between two launches; nullptr when memory is short, or
  // perhaps for 0. Never moves what a recorded graph was given: smaller blocks stay where they are.
  std::byte* scratch(int64_t n_bytes);

  // kCounters of them, zero before and after every kernel that uses some.
  unsigned* counters() const { return counters_; }
  static constexpr int32_t kCounters = 1 << 14;

  // What a matrix product's algorithm is pinned for: outputs, inputs, the bucket of its rows
  // (lt_product.h), type and alignments.
  struct MatmulKey {
    int32_t n, k, n_rows;
    cudaDataType_t out_type;
    uint32_t alignment_x, alignment_out;
    auto operator<=>(const MatmulKey&) const = default;
  };
  std::map<MatmulKey, cublasLtMatmulAlgo_t>& algorithms() { return algorithms_; }
  cublasLtHandle_t lt() const { return lt_; }
  void* workspace() const { return workspace_; }
  static constexpr size_t kWorkspaceBytes = 32 << 20;  // what Hopper's kernels want (cuBLAS guide)

 private:
  const int32_t ordinal_;
  cudaError_t status_ = cudaSuccess;
  cudaDeviceProp properties_ = {};
  bool copies_in_bulk_ = false;
  cudaStream_t stream_ = nullptr;
  cublasLtHandle_t lt_ = nullptr;
  void* workspace_ = nullptr;
  unsigned* counters_ = nullptr;
  std::vector<void*> scratch_;  // the last is the largest
  int64_t scratch_bytes_ = 0;
  std::map<MatmulKey, cublasLtMatmulAlgo_t> algorithms_;
};

// The architecture that the code which this device runs was compiled for, 90 for sm_90: less than
// the device's own where the driver translates code for older ones.
int32_t code_architecture();

inline Context& context(Stream stream) { return *static_cast<Context*>(stream.device); }

// What a launcher returns after its launches.
inline int launched(Context& context) {
  return context.check(cudaGetLastError()) ? kOk : kDeviceFailed;
}

}  // namespace rondo::kernels::cuda
