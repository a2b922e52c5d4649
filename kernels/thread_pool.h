// A fixed set of threads for short data-parallel regions: a decode step has about 150 of them, so a
// region must start within a microsecond. Workers spin briefly for the next region, then sleep.
//
// Thread: parallel_for is called by one thread at a time (the engine thread), which works too. Owns
// its threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
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

  // Calls body(begin, end, thread) on disjoint ranges that cover [0, n), each a multiple of `grain`
  // long except the last, one per thread; returns when all are done. body must not throw and must
  // not call parallel_for.
  template <typename Body>
  void parallel_for(int64_t n, int64_t grain, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run(n, grain, const_cast<void*>(static_cast<const void*>(&body)),
        [](void* context, int64_t begin, int64_t end, int32_t thread) {
          (*static_cast<Plain*>(context))(begin, end, thread);
        });
  }

 private:
  using Region = void (*)(void* context, int64_t begin, int64_t end, int32_t thread);

  void run(int64_t n, int64_t grain, void* context, Region region);
  void work(std::stop_token stop, int32_t thread);
  void run_share(int32_t thread);

  // The current region; written by the caller before generation_ grows.
  int64_t n_ = 0;
  int64_t grain_ = 1;
  void* context_ = nullptr;
  Region region_ = nullptr;

  alignas(64) std::atomic<uint64_t> generation_{0};
  alignas(64) std::atomic<int32_t> n_running_{0};
  alignas(64) std::atomic<bool> stopping_{false};
  std::vector<std::jthread> workers_;
};

}  // namespace rondo::kernels
