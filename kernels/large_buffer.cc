#include "kernels/large_buffer.h"

#include <sys/mman.h>

namespace rondo::kernels {
namespace {

constexpr int64_t kHugePageBytes = 2 << 20;

}  // namespace

LargeBuffer::LargeBuffer(int64_t n_bytes) {
  const int64_t size = (n_bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  if (size <= 0) return;
  // One huge page more than needed, so that an aligned range of `size` is inside; the rest goes
  // back.
  void* mapped = mmap(nullptr, size + kHugePageBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return;
  auto* begin = static_cast<std::byte*>(mapped);
  const auto misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(begin) % kHugePageBytes);
  const int64_t before = misaligned == 0 ? 0 : kHugePageBytes - misaligned;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + size, kHugePageBytes - before);
  data_ = begin + before;
  size_bytes_ = size;
  madvise(data_, size_bytes_, MADV_HUGEPAGE);  // a wish: 4 KiB pages work too
}

LargeBuffer::~LargeBuffer() {
  if (data_ != nullptr) munmap(data_, size_bytes_);
}

}  // namespace rondo::kernels
