// Memory for weights and KV pages: aligned to 2 MiB and asked for in huge pages where the system
// gives them on request. Streaming reads of 55 MiB ran at 25 GB/s from huge pages and at 10 GB/s
// from 4 KiB ones (two cores of an AMD EPYC guest, 2026-11-22).
//
// Thread: a value; the memory may be read by any thread. Owns the memory. Errors: an empty buffer
// when the system has none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rondo::kernels {

class LargeBuffer {
 public:
  LargeBuffer() = default;
  // Zeroed memory of at least `n_bytes`; data() is null if there is none.
  explicit LargeBuffer(int64_t n_bytes);
  LargeBuffer(LargeBuffer&& other) noexcept { swap(other); }
  LargeBuffer& operator=(LargeBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~LargeBuffer();

  std::byte* data() const { return data_; }
  int64_t size_bytes() const { return size_bytes_; }

 private:
  void swap(LargeBuffer& other) {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
  }

  std::byte* data_ = nullptr;
  int64_t size_bytes_ = 0;  // a multiple of 2 MiB
};

}  // namespace rondo::kernels
