#include "kernels/thread_pool.h"

#include <gtest/gtest.h>

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace rondo::kernels {
namespace {

TEST(ThreadPool, CoversEveryIndexOnceInMultiplesOfTheGrain) {
  for (const int32_t n_threads : {1, 2, 3, 5}) {
    ThreadPool pool(n_threads);
    EXPECT_EQ(pool.size(), n_threads);
    for (const int64_t n : {0, 1, 2, 3, 7, 64, 1000}) {
      for (const int64_t grain : {1, 2, 16, 999}) {
        std::vector<std::atomic<int>> visits(n);
        std::atomic<bool> aligned = true;
        pool.parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          if (begin % grain != 0 || (end != n && end % grain != 0)) aligned = false;
          for (int64_t i = begin; i < end; ++i) ++visits[i];
        });
        EXPECT_TRUE(aligned);
        for (const auto& count : visits) ASSERT_EQ(count, 1) << n << " by " << grain;
      }
    }
  }
}

TEST(ThreadPool, ARegionSeesWhatTheOneBeforeItWrote) {
  ThreadPool pool(3);
  std::vector<int64_t> values(1000, 0), reversed(1000, 0);
  for (int round = 0; round < 2000; ++round) {
    pool.parallel_for(1000, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) values[i] = reversed[999 - i] + 1;
    });
    pool.parallel_for(1000, 7, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) reversed[i] = values[999 - i];
    });
    ASSERT_EQ(values[(round * 37) % 1000], round + 1);
  }
}

TEST(ThreadPool, WorkersWakeAfterTheyFellAsleepAndStopInEitherState) {
  ThreadPool pool(3);
  std::atomic<int64_t> sum = 0;
  for (int round = 0; round < 20; ++round) {
    // Longer than workers spin.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    while (std::chrono::steady_clock::now() < until) {
    }
    pool.parallel_for(100, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
  }
  EXPECT_EQ(sum, 2000);
  for (int i = 0; i < 50; ++i) ThreadPool(4);  // destroyed while workers still start or spin
}

// The processor time that all threads of this process have used.
std::chrono::nanoseconds processor_time() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TEST(ThreadPool, IdleWorkersUseNoProcessorTime) {
  ThreadPool pool(4);
  pool.parallel_for(100, 1, [](int64_t, int64_t) {});
  std::condition_variable never;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  const auto before = processor_time();
  never.wait_for(lock, std::chrono::milliseconds(100), [] { return false; });
  EXPECT_LT(processor_time() - before, std::chrono::milliseconds(20));
}

TEST(ThreadPool, ScratchIsAlignedAndGrows) {
  ThreadPool pool(1);
  for (const int64_t n_bytes : {1, 1000, 64, 100000}) {
    std::byte* memory = pool.scratch(n_bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
    std::fill_n(memory, n_bytes, std::byte{1});
  }
}

}  // namespace
}  // namespace rondo::kernels
