#include "engine/host_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/check.h"

namespace rondo::engine {
namespace {

constexpr size_t kHugePageBytes = 2 << 20;
constexpr std::align_val_t kHeapAlignment{256};

}  // namespace

Result<HostMemory> HostMemory::allocate(int64_t bytes) {
  CHECK(bytes >= 0, "a size is not negative");
  HostMemory memory;
  if (bytes == 0) return memory;
  memory.size_ = bytes;
  if (static_cast<size_t>(bytes) < kHugePageBytes) {
    memory.mapping_ = ::operator new(static_cast<size_t>(bytes), kHeapAlignment);
    memory.data_ = static_cast<std::byte*>(memory.mapping_);
    std::memset(memory.data_, 0, static_cast<size_t>(bytes));
    return memory;
  }
  const size_t mapping_bytes = static_cast<size_t>(bytes) + kHugePageBytes;
  void* mapping = ::mmap(nullptr, mapping_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return resource_exhausted_error("cannot allocate " + std::to_string(bytes >> 20) +
                                    " MiB of memory: " + std::strerror(errno));
  }
  const auto address = reinterpret_cast<uintptr_t>(mapping);
  const size_t skipped = -address % kHugePageBytes;
  memory.mapping_ = mapping;
  memory.mapping_bytes_ = mapping_bytes;
  memory.data_ = static_cast<std::byte*>(mapping) + skipped;
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
  if (mapping_bytes_ > 0) {
    ::munmap(mapping_, mapping_bytes_);
  } else if (mapping_ != nullptr) {
    ::operator delete(mapping_, kHeapAlignment);
  }
}

}  // namespace rondo::engine
