// A fixed set of threads for short data-parallel regions: a decode step has about 130 of them, so a
// region must start within a microsecond.
//
// A region is cut into ranges that threads take until none is left, so a worker that the system
// delays costs its share and no more: the caller goes on without it, and a region ends when its
// ranges are done, whoever did them. Workers spin for 0.2 ms after a region (longer than the gaps
// inside a step), then sleep.
//
// Thread: all calls by one thread (the engine thread), which works in every region too. Owns its
// threads and the scratch memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <vector>

namespace rondo::kernels {

class ThreadPool {
 public:
  // `n_threads` >= 1 counts the caller: n_threads - 1 workers are started.
  explicit ThreadPool(int32_t n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int32_t size() const { return static_cast<int32_t>(workers_.size()) + 1; }

  // Calls body(begin, end) on disjoint ranges that cover [0, n), each a multiple of `grain` long
  // except the last, and returns when all are done. Results must not depend on the ranges. body
  // must not throw and must not call parallel_for.
  template <typename Body>
  void parallel_for(int64_t n, int64_t grain, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run(n, grain, const_cast<void*>(static_cast<const void*>(&body)),
        [](void* context, int64_t begin, int64_t end) {
          (*static_cast<Plain*>(context))(begin, end);
        });
  }

  // Memory for one launcher: at least `n_bytes`, aligned to 64, undefined content, valid until the
  // next call. Grows to the largest size asked for and stays.
  std::byte* scratch(int64_t n_bytes);

 private:
  using Region = void (*)(void* context, int64_t begin, int64_t end);
  struct FreeAligned {
    void operator()(std::byte* data) const { ::operator delete[](data, std::align_val_t(64)); }
  };

  void run(int64_t n, int64_t grain, void* context, Region region);
  void take_ranges();
  void work();
  uint32_t wait_for_region(uint32_t seen);
  bool enter();

  // The region: written by the caller while it is closed and empty, read by who is inside.
  int64_t n_ = 0;
  int64_t range_ = 1;
  void* context_ = nullptr;
  Region region_ = nullptr;

  static constexpr uint32_t kOpen = 1u << 31;
  alignas(64) std::atomic<uint32_t> state_{0};  // kOpen while workers may enter + workers inside
  alignas(64) std::atomic<int64_t> next_{0};    // where the next range begins
  alignas(64) std::atomic<uint32_t> announced_{0};  // regions so far; sleeping workers wait on it
  std::atomic<int32_t> n_asleep_{0};
  std::atomic<bool> stopping_{false};

  std::unique_ptr<std::byte[], FreeAligned> scratch_;
  int64_t scratch_bytes_ = 0;
  std::vector<std::jthread> workers_;
};

}  // namespace rondo::kernels
