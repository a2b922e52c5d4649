#include "kernels/cuda/context.h"

#include <algorithm>

namespace rondo::kernels::cuda {

Context::Context(int32_t ordinal) : ordinal_(ordinal) {
  if (!check(cudaSetDevice(ordinal))) return;
  if (!check(cudaGetDeviceProperties(&properties_, ordinal))) return;
  copies_in_bulk_ = properties_.major >= 9 && code_architecture() >= 90;
  if (!check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking))) return;
  if (!check(cublasLtCreate(&lt_))) return;
  if (!check(cudaMalloc(&workspace_, kWorkspaceBytes))) return;
  if (!check(cudaMalloc(&counters_, kCounters * sizeof(unsigned)))) return;
  if (!check(cudaMemsetAsync(counters_, 0, kCounters * sizeof(unsigned), stream_))) return;
  cudaMemPool_t pool = nullptr;
  uint64_t kept_bytes = UINT64_MAX;
  if (check(cudaDeviceGetDefaultMemPool(&pool, ordinal)))
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept_bytes));
}

Context::~Context() {
  cudaSetDevice(ordinal_);
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);
  cudaMemPool_t pool = nullptr;
  if (cudaDeviceGetDefaultMemPool(&pool, ordinal_) == cudaSuccess) cudaMemPoolTrimTo(pool, 0);
  for (void* block : scratch_) cudaFree(block);
  if (workspace_ != nullptr) cudaFree(workspace_);
  if (counters_ != nullptr) cudaFree(counters_);
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
  if (n_bytes > scratch_bytes_) {
    const int64_t larger = std::max(n_bytes, 2 * scratch_bytes_);
    void* block = nullptr;
    if (!check(cudaMalloc(&block, static_cast<size_t>(larger)))) return nullptr;
    scratch_.push_back(block);
    scratch_bytes_ = larger;
  }
  return scratch_.empty() ? nullptr : static_cast<std::byte*>(scratch_.back());
}

}  // namespace rondo::kernels::cuda
