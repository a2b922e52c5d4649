#include "kernels/thread_pool.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>

namespace rondo::kernels {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSpinTime = std::chrono::microseconds(200);
constexpr int kSpinsPerLook = 32;        // pauses between two looks at the clock
constexpr int64_t kRangesPerThread = 4;  // more share delays better, fewer cost less

}  // namespace

ThreadPool::ThreadPool(int32_t n_threads) {
  for (int32_t i = 1; i < n_threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  stopping_.store(true);
  announced_.fetch_add(1);
  announced_.notify_all();
  workers_.clear();  // joins
}

void ThreadPool::run(int64_t n, int64_t grain, void* context, Region region) {
  if (n <= 0) return;
  if (workers_.empty() || n <= grain) {
    region(context, 0, n);
    return;
  }
  const int64_t n_grains = (n + grain - 1) / grain;
  const int64_t n_ranges = kRangesPerThread * size();
  n_ = n;
  range_ = (n_grains + n_ranges - 1) / n_ranges * grain;
  context_ = context;
  region_ = region;
  next_.store(0, std::memory_order_relaxed);
  state_.store(kOpen, std::memory_order_release);
  // A worker counts itself asleep before it looks at announced_ for the last time, and both are
  // sequentially consistent: either it sees the new number or we see the sleeper.
  announced_.fetch_add(1);
  if (n_asleep_.load() > 0) announced_.notify_all();
  take_ranges();
  state_.fetch_and(~kOpen, std::memory_order_acq_rel);
  for (int spins = 0; state_.load(std::memory_order_acquire) != 0; ++spins) {
    // A worker may have been preempted inside its range: then it needs the core more than we do.
    spins < 1000 ? _mm_pause() : std::this_thread::yield();
  }
}

void ThreadPool::take_ranges() {
  for (;;) {
    const int64_t begin = next_.fetch_add(range_, std::memory_order_relaxed);
    if (begin >= n_) return;
    region_(context_, begin, std::min(begin + range_, n_));
  }
}

void ThreadPool::work() {
  uint32_t seen = 0;
  for (;;) {
    seen = wait_for_region(seen);
    if (stopping_.load()) return;
    if (!enter()) continue;
    take_ranges();
    state_.fetch_sub(1, std::memory_order_release);
  }
}

uint32_t ThreadPool::wait_for_region(uint32_t seen) {
  const Clock::time_point give_up = Clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kSpinsPerLook; ++i) {
      const uint32_t announced = announced_.load(std::memory_order_acquire);
      if (announced != seen) return announced;
      _mm_pause();
    }
  } while (Clock::now() < give_up);
  n_asleep_.fetch_add(1);
  announced_.wait(seen);
  n_asleep_.fetch_sub(1);
  return announced_.load();
}

// Counts this worker in, unless the region is closed: then all its ranges are taken.
bool ThreadPool::enter() {
  uint32_t state = state_.load(std::memory_order_relaxed);
  while ((state & kOpen) != 0) {
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

std::byte* ThreadPool::scratch(int64_t n_bytes) {
  if (n_bytes > scratch_bytes_) {
    scratch_.reset();
    scratch_.reset(static_cast<std::byte*>(::operator new[](n_bytes, std::align_val_t(64))));
    scratch_bytes_ = n_bytes;
  }
  return scratch_.get();
}

}  // namespace rondo::kernels
