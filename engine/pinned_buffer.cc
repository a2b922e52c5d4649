#include "engine/pinned_buffer.h"

#include <algorithm>
#include <utility>

#include "kernels/launch.h"

namespace rondo::engine {

PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : device_(other.device_),
      host_(std::move(other.host_)),
      mark_(std::move(other.mark_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

PinnedBuffer::~PinnedBuffer() {
  if (device_->is_cpu()) return;
  const kernels::Device& gpu = device_->backend();
  wait();
  if (data_ != nullptr) gpu.release_pinned(gpu.state, data_);
}

std::byte* PinnedBuffer::claim(int64_t n_bytes) {
  wait();
  if (n_bytes > size_ && !grow(std::max(n_bytes, 2 * size_))) return nullptr;
  return device_->ok() ? data_ : nullptr;
}

bool PinnedBuffer::grow(int64_t n_bytes) {
  if (!device_->ok()) return false;
  if (device_->is_cpu()) {
    Result<HostMemory> larger = HostMemory::allocate(n_bytes);
    if (!larger.ok()) return device_->fail(larger.status()), false;
    host_ = std::move(*larger);
    data_ = host_.data();
  } else {
    const kernels::Device& gpu = device_->backend();
    void* larger = nullptr;
    if (gpu.allocate_pinned(gpu.state, n_bytes, &larger) != kernels::kOk) {
      device_->fail(unavailable_error(device_->name() + " gave no pinned memory"));
      return false;
    }
    if (data_ != nullptr) gpu.release_pinned(gpu.state, data_);
    data_ = static_cast<std::byte*>(larger);
  }
  size_ = n_bytes;
  return true;
}

}  // namespace rondo::engine
