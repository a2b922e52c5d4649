#include "tests/gpu/mapped_memory.h"

#include <cuda_runtime.h>
#include <sys/mman.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>

namespace {

constexpr size_t kArenaBytes = size_t{1} << 30;
constexpr size_t kHeaderBytes = 256;  // before each piece: its size class; keeps the alignment

// Pieces of a power of two, reused by size. Works before main().
class Arena {
 public:
  void* allocate(size_t n_bytes) {
    const std::lock_guard lock(mutex_);
    if (data_ == nullptr) open();
    const int size_class = std::bit_width(n_bytes + kHeaderBytes - 1);
    void*& first = free_[size_class];
    std::byte* piece = static_cast<std::byte*>(first);
    if (piece != nullptr) {
      first = *reinterpret_cast<void**>(piece + kHeaderBytes);
    } else {
      const size_t bytes = size_t{1} << (size_class < 9 ? 9 : size_class);
      if (used_ + bytes > kArenaBytes) std::abort();
      piece = data_ + used_;
      used_ += bytes;
    }
    *reinterpret_cast<int*>(piece) = size_class;
    return piece + kHeaderBytes;
  }

  void release(void* memory) {
    if (memory == nullptr) return;
    const std::lock_guard lock(mutex_);
    std::byte* piece = static_cast<std::byte*>(memory) - kHeaderBytes;
    void*& first = free_[*reinterpret_cast<int*>(piece)];
    *static_cast<void**>(memory) = first;
    first = piece;
  }

  std::byte* data() const { return data_; }

 private:
  void open() {
    void* data = ::mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) std::abort();
    data_ = static_cast<std::byte*>(data);
  }

  std::mutex mutex_;
  std::byte* data_ = nullptr;
  size_t used_ = 0;
  void* free_[64] = {};
};

constinit Arena arena;

}  // namespace

void* operator new(size_t n_bytes) { return arena.allocate(n_bytes); }
void* operator new(size_t n_bytes, std::align_val_t) { return arena.allocate(n_bytes); }
void* operator new[](size_t n_bytes) { return arena.allocate(n_bytes); }
void* operator new[](size_t n_bytes, std::align_val_t) { return arena.allocate(n_bytes); }
void operator delete(void* memory) noexcept { arena.release(memory); }
void operator delete(void* memory, size_t) noexcept { arena.release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { arena.release(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { arena.release(memory); }
void operator delete[](void* memory) noexcept { arena.release(memory); }
void operator delete[](void* memory, size_t) noexcept { arena.release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { arena.release(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { arena.release(memory); }

namespace rondo::kernels {

const char* map_memory_into_gpu() {
  const cudaError_t error = cudaHostRegister(arena.data(), kArenaBytes, cudaHostRegisterMapped);
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace rondo::kernels
