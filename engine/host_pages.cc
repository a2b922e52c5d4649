#include "engine/host_pages.h"

#include <algorithm>
#include <utility>

#include "kernels/launch.h"

namespace rondo::engine {
namespace {

// At once: pinning takes a millisecond each few MiB, and nobody shall wait long for it.
constexpr int64_t kSlabBytes = 8 << 20;

}  // namespace

HostPages::HostPages(Device& device, int64_t page_bytes, int64_t max_bytes)
    : device_(device), page_bytes_(page_bytes), n_pages_(max_bytes / page_bytes) {}

HostPages::~HostPages() {
  const kernels::Device& gpu = device_.backend();
  for (void* memory : pinned_) gpu.release_pinned(gpu.state, memory);
}

std::vector<std::byte*> HostPages::take(int32_t n) {
  std::unique_lock lock(mutex_);
  while (std::ssize(free_) < n) {
    lock.unlock();
    if (!add_slab()) return {};
    lock.lock();
  }
  std::vector<std::byte*> pages(free_.end() - n, free_.end());
  free_.resize(free_.size() - static_cast<size_t>(n));
  return pages;
}

void HostPages::give(std::vector<std::byte*> pages) {
  const std::lock_guard lock(mutex_);
  free_.insert(free_.end(), pages.begin(), pages.end());
}

bool HostPages::add_slab() {
  const int64_t n =
      std::min(std::max<int64_t>(kSlabBytes / page_bytes_, 1), n_pages_ - n_allocated_);
  if (n <= 0 || !device_.ok()) return false;
  std::byte* slab = nullptr;
  if (device_.is_cpu()) {
    Result<HostMemory> memory = HostMemory::allocate(n * page_bytes_);
    if (!memory.ok()) return false;
    slab = memory->data();
    memory_.push_back(std::move(*memory));
  } else {
    const kernels::Device& gpu = device_.backend();
    void* pinned = nullptr;
    if (gpu.allocate_pinned(gpu.state, n * page_bytes_, &pinned) != kernels::kOk) return false;
    slab = static_cast<std::byte*>(pinned);
    pinned_.push_back(pinned);
  }
  n_allocated_ += n;
  std::vector<std::byte*> pages;
  for (int64_t i = n - 1; i >= 0; --i) pages.push_back(slab + i * page_bytes_);
  give(std::move(pages));
  return true;
}

}  // namespace rondo::engine
