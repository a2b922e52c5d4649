// Host memory that a GPU copies from or to by itself, while the host goes on, and the mark behind
// which the GPU has no more to do with it. On the CPU it is memory like any other.
//
// Thread: the engine thread. Borrows the device; owns memory and mark. Errors: the device's status;
// a buffer that could not be had fails the device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/device.h"
#include "engine/event.h"
#include "engine/host_memory.h"

namespace rondo::engine {

class PinnedBuffer {
 public:
  explicit PinnedBuffer(Device& device) : device_(&device), mark_(device) {}
  PinnedBuffer(PinnedBuffer&& other) noexcept;
  PinnedBuffer& operator=(PinnedBuffer&&) = delete;
  ~PinnedBuffer();

  // At least `n_bytes` that are the host's to write: waits for the mark. Null when the device has
  // failed.
  std::byte* claim(int64_t n_bytes);
  // The device is done with it when all is done that was queued until now.
  void mark() { mark_.record(); }
  // Waits for the mark.
  void wait() { mark_.wait(); }
  std::byte* data() const { return data_; }

 private:
  bool grow(int64_t n_bytes);

  Device* device_;
  HostMemory host_;  // the CPU's
  Event mark_;
  std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace rondo::engine
