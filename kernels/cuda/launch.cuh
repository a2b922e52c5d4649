// How kernels of one step follow each other. On Hopper and later a kernel may begin while the one
// before it is still at work (programmatic dependent launch): its blocks take the places that
// become free, fetch weights, and wait for what they need.
//
// The rules, for every kernel that `launch` starts: it calls let_next_start() at once, and
// wait_for_inputs() in every thread before it reads anything but weights or writes anything at all.
// So a kernel is through only when all kernels before it are, and a captured graph keeps the order.
#pragma once

#include <type_traits>

#include "kernels/cuda/context.h"

namespace rondo::kernels::cuda {

// Returns when the kernels before are done and what they wrote can be read.
__device__ inline void wait_for_inputs() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Lets the next kernel begin as soon as every block of this one has called it.
__device__ inline void let_next_start() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// What a kernel without weights begins with.
__device__ inline void begin_kernel() {
  let_next_start();
  wait_for_inputs();
}

// The dynamic shared memory of the block, aligned to 16.
__device__ inline unsigned char* dynamic_shared() {
  extern __shared__ uint4 memory[];
  return reinterpret_cast<unsigned char*>(memory);
}

struct Shape {
  dim3 grid;
  dim3 block;
  int shared_bytes = 0;  // dynamic
  // Blocks of a cluster, neighbours along y, of which grid.y is a multiple; Hopper and later.
  unsigned cluster = 1;
};

// A kernel's launch as the runtime takes it.
class LaunchConfig {
 public:
  LaunchConfig(Context& c, const void* kernel, const Shape& shape) {
    constexpr int kWithoutAsking = 48 << 10;  // bytes of shared memory
    if (shape.shared_bytes > kWithoutAsking) {
      c.check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   shape.shared_bytes));
    }
    constexpr unsigned kPortableCluster = 8;
    if (shape.cluster > kPortableCluster) {
      c.check(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
    }
    attributes_[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes_[0].val.programmaticStreamSerializationAllowed = 1;
    attributes_[1].id = cudaLaunchAttributeClusterDimension;
    attributes_[1].val.clusterDim = {.x = 1, .y = shape.cluster, .z = 1};
    config_.gridDim = shape.grid;
    config_.blockDim = shape.block;
    config_.dynamicSmemBytes = static_cast<size_t>(shape.shared_bytes);
    config_.stream = c.stream();
    config_.attrs = attributes_;
    config_.numAttrs = c.properties().major < 9 ? 0 : shape.cluster == 1 ? 1 : 2;
  }
  LaunchConfig(const LaunchConfig&) = delete;
  LaunchConfig& operator=(const LaunchConfig&) = delete;

  const cudaLaunchConfig_t& get() const { return config_; }

 private:
  cudaLaunchAttribute attributes_[2] = {};
  cudaLaunchConfig_t config_ = {};
};

// Queues `kernel`. Returns what a launcher returns.
template <class... Params>
int launch(Context& c, void (*kernel)(Params...), const Shape& shape,
           std::type_identity_t<Params>... params) {
  const LaunchConfig config(c, reinterpret_cast<const void*>(kernel), shape);
  return c.check(cudaLaunchKernelEx(&config.get(), kernel, params...)) ? kOk : kDeviceFailed;
}

// Whether the device has room for a cluster of that size, which not all have for more than 8.
template <class... Params>
bool can_launch(Context& c, void (*kernel)(Params...), const Shape& shape) {
  const auto* function = reinterpret_cast<const void*>(kernel);
  const LaunchConfig config(c, function, shape);
  int n_clusters = 0;
  if (cudaOccupancyMaxActiveClusters(&n_clusters, function, &config.get()) != cudaSuccess) {
    (void)cudaGetLastError();
    return false;
  }
  return n_clusters > 0;
}

}  // namespace rondo::kernels::cuda
