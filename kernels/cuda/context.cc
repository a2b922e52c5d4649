#include "kernels/cuda/context.h"

#include <algorithm>

namespace rondo::kernels::cuda {

Context::Context(int32_t ordinal) {
  if (!check(cudaSetDevice(ordinal))) return;
  if (!check(cudaGetDeviceProperties(&properties_, ordinal))) return;
  if (!check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking))) return;
  if (!check(cublasLtCreate(&lt_))) return;
  check(cudaMalloc(&workspace_, kWorkspaceBytes));
}

Context::~Context() {
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);
  if (scratch_ != nullptr) cudaFree(scratch_);
  if (workspace_ != nullptr) cudaFree(workspace_);
  if (lt_ != nullptr) cublasLtDestroy(lt_);
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

bool Context::check(cudaError_t error) {
  if (status_ == cudaSuccess) status_ = error;
  return status_ == cudaSuccess;
}

bool Context::check(cublasStatus_t status) {
  return check(status == CUBLAS_STATUS_SUCCESS ? cudaSuccess : cudaErrorUnknown);
}

std::byte* Context::scratch(int64_t n_bytes) {
  if (n_bytes <= scratch_bytes_) return scratch_;
  if (!check(cudaStreamSynchronize(stream_))) return nullptr;
  if (scratch_ != nullptr) check(cudaFree(scratch_));
  scratch_ = nullptr;
  scratch_bytes_ = std::max(n_bytes, 2 * scratch_bytes_);
  void* memory = nullptr;
  if (!check(cudaMalloc(&memory, static_cast<size_t>(scratch_bytes_)))) scratch_bytes_ = 0;
  return scratch_ = static_cast<std::byte*>(memory);
}

}  // namespace rondo::kernels::cuda
