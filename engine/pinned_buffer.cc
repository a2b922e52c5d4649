#include "engine/pinned_buffer.h"

#include <algorithm>
#include <utility>

namespace rondo::engine {

PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : device_(other.device_),
      host_(std::move(other.host_)),
      event_(std::exchange(other.event_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

PinnedBuffer::~PinnedBuffer() {
  if (device_->is_cpu()) return;
  const kernels::Device& gpu = device_->backend();
  wait();
  if (event_ != nullptr) gpu.release_event(gpu.state, event_);
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
    if (event_ == nullptr) device_->check(gpu.create_event(gpu.state, &event_), "create_event");
    void* larger = nullptr;
    device_->check(gpu.allocate_pinned(gpu.state, n_bytes, &larger), "allocate_pinned");
    if (!device_->ok()) return false;
    if (data_ != nullptr) gpu.release_pinned(gpu.state, data_);
    data_ = static_cast<std::byte*>(larger);
  }
  size_ = n_bytes;
  return true;
}

void PinnedBuffer::mark() {
  if (device_->is_cpu() || !device_->ok() || event_ == nullptr) return;
  device_->check(device_->backend().record_event(device_->backend().state, event_), "record_event");
}

void PinnedBuffer::wait() {
  if (device_->is_cpu() || !device_->ok() || event_ == nullptr) return;
  device_->check(device_->backend().wait_event(device_->backend().state, event_), "wait_event");
}

}  // namespace rondo::engine
