#include "kernels/cuda/context.h"

namespace rondo::kernels::cuda {
namespace {

__global__ void any_kernel() {}

}  // namespace

int32_t code_architecture() {
  cudaFuncAttributes attributes = {};
  if (cudaFuncGetAttributes(&attributes, any_kernel) != cudaSuccess) return 0;
  return attributes.ptxVersion;
}

}  // namespace rondo::kernels::cuda
