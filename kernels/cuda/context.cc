#include "kernels/cuda/context.h"

#include <algorithm>

namespace rondo::kernels::cuda {
namespace {

// Of the multiprocessors, the first lane's part when two share them. A 7B in bf16 on an H100, one
// sequence beside a prompt of 8K: with 32 of 132 a token takes 11.9 ms and the prompt 296, with 40
// 9.3 and 324, with 44 9.0 and 343, with 64 7.1 and 565; by themselves 5.1 and 175.
constexpr int kFirstTenths = 3;

}  // namespace

Context::Context(int32_t ordinal) : gpu_(std::make_shared<Gpu>()), part_index_(kFirst) {
  gpu_->ordinal = ordinal;
  if (!check(cudaSetDevice(ordinal))) return;
  if (!check(cudaGetDeviceProperties(&gpu_->properties, ordinal))) return;
  gpu_->copies_in_bulk = properties().major >= 9 && code_architecture() >= 90;
  if (!check(cublasLtCreate(&gpu_->lt))) return;
  open_lane();
  cudaMemPool_t pool = nullptr;
  uint64_t kept_bytes = UINT64_MAX;
  if (check(cudaDeviceGetDefaultMemPool(&pool, ordinal)))
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept_bytes));
}

Context::Context(Context* first) : gpu_(first->gpu_), part_index_(kSecond) {
  if (status() != cudaSuccess) return;
  open_lane();
  if (gpu_->partition == nullptr) {
    const int n_first = properties().multiProcessorCount * kFirstTenths / 10;
    gpu_->partition = std::make_unique<Partition>(ordinal(), n_first);
    first->part_ = gpu_->partition->open_stream(kFirst, first->priority());
  }
  part_ = gpu_->partition->open_stream(kSecond, priority());
}

// A smaller number goes first.
int Context::priority() const {
  int least = 0, greatest = 0;
  (void)cudaDeviceGetStreamPriorityRange(&least, &greatest);
  return part_index_ == kFirst ? greatest : least;
}

void Context::open_lane() {
  if (!check(cudaStreamCreateWithPriority(&whole_, cudaStreamNonBlocking, priority()))) return;
  if (!check(cudaEventCreateWithFlags(&mark_, cudaEventDisableTiming))) return;
  if (!check(cudaMalloc(&workspace_, kWorkspaceBytes))) return;
  if (!check(cudaMalloc(&counters_, kCounters * sizeof(unsigned)))) return;
  check(cudaMemsetAsync(counters_, 0, kCounters * sizeof(unsigned), whole_));
}

Context::~Context() {
  cudaSetDevice(ordinal());
  if (stream() != nullptr) cudaStreamSynchronize(stream());
  for (void* block : scratch_) cudaFree(block);
  if (workspace_ != nullptr) cudaFree(workspace_);
  if (counters_ != nullptr) cudaFree(counters_);
  if (mark_ != nullptr) cudaEventDestroy(mark_);
  if (part_ != nullptr) cudaStreamDestroy(part_);
  if (whole_ != nullptr) cudaStreamDestroy(whole_);
}

Context::Gpu::~Gpu() {
  cudaMemPool_t pool = nullptr;
  if (cudaDeviceGetDefaultMemPool(&pool, ordinal) == cudaSuccess) cudaMemPoolTrimTo(pool, 0);
  if (lt != nullptr) cublasLtDestroy(lt);
}

int Context::n_multiprocessors() const {
  return shares_ ? gpu_->partition->n_multiprocessors(part_index_)
                 : properties().multiProcessorCount;
}

bool Context::follow(const Context& other) {
  return check(cudaEventRecord(other.mark_, other.stream())) &&
         check(cudaStreamWaitEvent(stream(), other.mark_));
}

bool Context::share(bool shares) {
  if (part_ == nullptr || shares == shares_) return status() == cudaSuccess;
  const cudaStream_t before = stream();
  shares_ = shares;
  return check(cudaEventRecord(mark_, before)) && check(cudaStreamWaitEvent(stream(), mark_));
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
