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
};

// Queues `kernel`. Returns what a launcher returns.
template <class... Params>
int launch(Context& c, void (*kernel)(Params...), const Shape& shape,
           std::type_identity_t<Params>... params) {
  constexpr int kWithoutAsking = 48 << 10;  // bytes of shared memory
  if (shape.shared_bytes > kWithoutAsking) {
    c.check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                 cudaFuncAttributeMaxDynamicSharedMemorySize, shape.shared_bytes));
  }
  cudaLaunchAttribute early = {};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = shape.grid;
  config.blockDim = shape.block;
  config.dynamicSmemBytes = static_cast<size_t>(shape.shared_bytes);
  config.stream = c.stream();
  config.attrs = &early;
  config.numAttrs = c.properties().major >= 9 ? 1 : 0;
  return c.check(cudaLaunchKernelEx(&config, kernel, params...)) ? kOk : kDeviceFailed;
}

}  // namespace rondo::kernels::cuda
