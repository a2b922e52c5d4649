// The host's memory for pages outside of the page pool: on their way to or from the disk, and where
// the device is a GPU, kept there. On a GPU it is pinned, so that copies run beside its work.
//
// A HostCopy holds its pages for as long as anybody needs it: the tier that keeps it, the thread
// that writes it, the copy that fills it.
//
// Thread: made and destroyed on the engine thread, behind all copies; take() there, give() on any.
// Ownership: owns the memory, borrows the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/device.h"
#include "engine/host_memory.h"
#include "engine/segment_copy.h"

namespace rondo::engine {

class HostPages {
 public:
  // As many pages as `max_bytes` holds; the memory is taken when it is needed.
  HostPages(Device& device, int64_t page_bytes, int64_t max_bytes);
  ~HostPages();
  HostPages(const HostPages&) = delete;
  HostPages& operator=(const HostPages&) = delete;

  // `n` pages; none when there are not so many.
  std::vector<std::byte*> take(int32_t n);
  void give(std::vector<std::byte*> pages);

  int64_t page_bytes() const { return page_bytes_; }
  int64_t n_pages() const { return n_pages_; }

 private:
  bool add_slab();

  Device& device_;
  const int64_t page_bytes_;
  const int64_t n_pages_;
  int64_t n_allocated_ = 0;         // pages
  std::vector<HostMemory> memory_;  // the CPU's
  std::vector<void*> pinned_;       // a GPU's
  std::mutex mutex_;
  std::vector<std::byte*> free_;  // guarded by mutex_
};

// A SegmentCopy that gives its pages back. REQUIRES: the HostPages outlive it.
class HostCopy : public SegmentCopy {
 public:
  HostCopy(HostPages& home, SegmentCopy copy) : SegmentCopy(std::move(copy)), home_(home) {}
  ~HostCopy() { home_.give(std::move(pages)); }
  HostCopy(const HostCopy&) = delete;
  HostCopy& operator=(const HostCopy&) = delete;

 private:
  HostPages& home_;
};
using HostCopyPtr = std::shared_ptr<HostCopy>;

}  // namespace rondo::engine
