// What the launchers of one lane (device.h) share: its stream and scratch memory, and with the
// other lanes of its device cuBLASLt and the device's errors. A Stream of kernels.h carries it in
// `device`.
//
// Thread: the engine thread. Owns stream and scratch, and with other lanes the handle.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "kernels/cuda/partition.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {

class Context {
 public:
  // Takes device `ordinal`. What went wrong is in status(), of a CUDA or of a cuBLAS call.
  explicit Context(int32_t ordinal);
  // Another lane to the device of `first`, which goes before it.
  explicit Context(Context* first);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // The first error of a call, cudaSuccess so far. A device in error does nothing any more.
  cudaError_t status() const { return gpu_->status; }
  // Notes an error; true when there is none.
  bool check(cudaError_t error);
  bool check(cublasStatus_t status);

  int32_t ordinal() const { return gpu_->ordinal; }
  cudaStream_t stream() const { return shares_ ? part_ : whole_; }
  const cudaDeviceProp& properties() const { return gpu_->properties; }
  // That the lane's kernels run on now: a grid whose blocks stay, or wait for each other, has no
  // more blocks than fit on these.
  int n_multiprocessors() const;
  // The device has the copy engine of sm_90, and the code that runs on it is for such devices.
  bool copies_in_bulk() const { return gpu_->copies_in_bulk; }

  // What is queued from now on begins when all is done that was queued in `other`.
  bool follow(const Context& other);
  // From now on the lane's kernels run on its part of the GPU, or on all of it, in the same order.
  bool share(bool shares);

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
  // What is known of such products (lt_product.h).
  struct Algorithms {
    std::vector<cublasLtMatmulAlgo_t>
        candidates;          // the first is used; one alone is chosen for good
    int64_t n_products = 0;  // so far
  };
  std::map<MatmulKey, Algorithms>& algorithms() { return gpu_->algorithms; }
  cublasLtHandle_t lt() const { return gpu_->lt; }
  void* workspace() const { return workspace_; }
  static constexpr size_t kWorkspaceBytes = 32 << 20;  // what Hopper's kernels want (cuBLAS guide)

 private:
  // What its lanes share.
  struct Gpu {
    int32_t ordinal = 0;
    cudaError_t status = cudaSuccess;
    cudaDeviceProp properties = {};
    bool copies_in_bulk = false;
    cublasLtHandle_t lt = nullptr;
    std::unique_ptr<Partition> partition;        // once there are two lanes
    std::map<MatmulKey, Algorithms> algorithms;  // one for all: so are a row's bits
    Gpu() = default;
    ~Gpu();
  };
  // Parts of the partition, and lanes.
  static constexpr int kFirst = 0, kSecond = 1;
  void open_lane();
  int priority() const;

  const std::shared_ptr<Gpu> gpu_;
  const int part_index_;
  cudaStream_t whole_ = nullptr;
  cudaStream_t part_ = nullptr;  // null: the GPU has no parts
  bool shares_ = false;          // what is queued goes to part_
  cudaEvent_t mark_ = nullptr;   // of all that another lane follows
  void* workspace_ = nullptr;
  unsigned* counters_ = nullptr;
  std::vector<void*> scratch_;  // the last is the largest
  int64_t scratch_bytes_ = 0;
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
