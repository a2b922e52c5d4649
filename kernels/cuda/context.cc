#include "kernels/cuda/context.h"

#include <algorithm>

namespace rondo::kernels::cuda {

Context::Context(int32_t ordinal) : gpu_(std::make_shared<Gpu>()) {
  gpu_->ordinal = ordinal;
  if (!check(cudaSetDevice(ordinal))) return;
  if (!check(cudaGetDeviceProperties(&gpu_->properties, ordinal))) return;
  gpu_->copies_in_bulk = properties().major >= 9 && code_architecture() >= 90;
  if (!check(cublasLtCreate(&gpu_->lt))) return;
  open_lane(true);
  cudaMemPool_t pool = nullptr;
  uint64_t kept_bytes = UINT64_MAX;
  if (check(cudaDeviceGetDefaultMemPool(&pool, ordinal)))
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept_bytes));
}

Context::Context(const Context* first) : gpu_(first->gpu_) {
  if (status() == cudaSuccess) open_lane(false);
}

void Context::open_lane(bool goes_first) {
  int least = 0, greatest = 0;  // a smaller number goes first
  if (!check(cudaDeviceGetStreamPriorityRange(&least, &greatest))) return;
  if (!check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking,
                                          goes_first ? greatest : least)))
    return;
  if (!check(cudaEventCreateWithFlags(&mark_, cudaEventDisableTiming))) return;
  if (!check(cudaMalloc(&workspace_, kWorkspaceBytes))) return;
  if (!check(cudaMalloc(&counters_, kCounters * sizeof(unsigned)))) return;
  check(cudaMemsetAsync(counters_, 0, kCounters * sizeof(unsigned), stream_));
}

Context::~Context() {
  cudaSetDevice(ordinal());
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);
  for (void* block : scratch_) cudaFree(block);
  if (workspace_ != nullptr) cudaFree(workspace_);
  if (counters_ != nullptr) cudaFree(counters_);
  if (mark_ != nullptr) cudaEventDestroy(mark_);
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

Context::Gpu::~Gpu() {
  cudaMemPool_t pool = nullptr;
  if (cudaDeviceGetDefaultMemPool(&pool, ordinal) == cudaSuccess) cudaMemPoolTrimTo(pool, 0);
  if (lt != nullptr) cublasLtDestroy(lt);
}

bool Context::follow(const Context& other) {
  return check(cudaEventRecord(other.mark_, other.stream_)) &&
         check(cudaStreamWaitEvent(stream_, other.mark_));
}

bool Context::check(cudaError_t error) {
  if (gpu_->status == cudaSuccess) gpu_->status = error;
  return gpu_->status == cudaSuccess;
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
