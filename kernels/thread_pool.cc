#include "kernels/thread_pool.h"

#include <immintrin.h>

#include <algorithm>

namespace rondo::kernels {
namespace {

// About 20 us: longer than the serial gaps inside a step, shorter than a scheduler tick.
constexpr int kSpins = 2000;

}  // namespace

ThreadPool::ThreadPool(int32_t n_threads) {
  for (int32_t thread = 1; thread < n_threads; ++thread) {
    workers_.emplace_back([this, thread](std::stop_token stop) { work(stop, thread); });
  }
}

ThreadPool::~ThreadPool() {
  stopping_.store(true);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
}

void ThreadPool::run(int64_t n, int64_t grain, void* context, Region region) {
  if (n <= 0) return;
  n_ = n;
  grain_ = std::max<int64_t>(grain, 1);
  context_ = context;
  region_ = region;
  if (workers_.empty() || n <= grain_) {
    region(context, 0, n, 0);
    return;
  }
  n_running_.store(static_cast<int32_t>(workers_.size()), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  run_share(0);
  for (int spins = 0; n_running_.load(std::memory_order_acquire) != 0; ++spins) {
    if (spins < kSpins) {
      _mm_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::run_share(int32_t thread) {
  const int64_t n_grains = (n_ + grain_ - 1) / grain_;
  const int64_t begin = n_grains * thread / size() * grain_;
  const int64_t end = std::min(n_grains * (thread + 1) / size() * grain_, n_);
  if (begin < end) region_(context_, begin, end, thread);
}

void ThreadPool::work(std::stop_token stop, int32_t thread) {
  uint64_t seen = 0;
  for (;;) {
    for (int spins = 0; spins < kSpins && generation_.load(std::memory_order_acquire) == seen;
         ++spins) {
      _mm_pause();
    }
    generation_.wait(seen, std::memory_order_acquire);
    seen = generation_.load(std::memory_order_acquire);
    if (stopping_.load()) return;
    run_share(thread);
    n_running_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace rondo::kernels
