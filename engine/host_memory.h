// One block of zeroed host memory. A large one, for weights or pages, is mapped in huge pages where
// the system has them (a decode step walks all of it, and small pages would cost it a tenth in
// address look-ups) and touched on first use; a small one comes from the heap.
//
// Thread: none of its own. Owns the block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace rondo::engine {

class HostMemory {
 public:
  // `bytes` zero bytes, aligned to 2 MiB, below that size to 256; none is an empty block.
  // Errors: ResourceExhausted when the system does not give them.
  static Result<HostMemory> allocate(int64_t bytes);

  HostMemory() = default;
  HostMemory(HostMemory&& other) noexcept;
  HostMemory& operator=(HostMemory&& other) noexcept;
  ~HostMemory();

  std::byte* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  void* mapping_ = nullptr;   // data_ and the room to align it
  size_t mapping_bytes_ = 0;  // 0: from the heap
  std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace rondo::engine
