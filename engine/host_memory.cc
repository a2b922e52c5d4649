#include "engine/host_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace rondo::engine {
namespace {

constexpr size_t kHugePageBytes = 2 << 20;

}  // namespace

Result<HostMemory> HostMemory::allocate(int64_t bytes) {
  CHECK(bytes >= 0, "a size is not negative");
  HostMemory memory;
  if (bytes == 0) return memory;
  const size_t mapping_bytes = static_cast<size_t>(bytes) + kHugePageBytes;
  void* mapping =
      ::mmap(nullptr, mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) {
    return resource_exhausted_error("cannot allocate " + std::to_string(bytes >> 20) +
                                    " MiB of memory: " + std::strerror(errno));
  }
  const auto address = reinterpret_cast<uintptr_t>(mapping);
  const size_t skipped = -address % kHugePageBytes;
  memory.mapping_ = mapping;
  memory.mapping_bytes_ = mapping_bytes;
  memory.data_ = static_cast<std::byte*>(mapping) + skipped;
  memory.size_ = bytes;
  // Advice: where huge pages are off this fails and small ones serve.
  (void)::madvise(memory.data_, static_cast<size_t>(bytes), MADV_HUGEPAGE);
  return memory;
}

HostMemory::HostMemory(HostMemory&& other) noexcept { *this = std::move(other); }

HostMemory& HostMemory::operator=(HostMemory&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_bytes_, other.mapping_bytes_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

HostMemory::~HostMemory() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_bytes_);
}

}  // namespace rondo::engine
