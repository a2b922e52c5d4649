#include "kernels/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
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

// The threads of this process, by what the system says of them: 'R' runs, 'S' sleeps, ...
std::map<std::string, char> threads() {
  std::map<std::string, char> threads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(entry.path() / "stat");
    std::string stat;
    std::getline(file, stat);
    const size_t name_end = stat.rfind(") ");
    if (name_end != stat.npos) threads[entry.path().filename()] = stat[name_end + 2];
  }
  return threads;
}

// Whether all threads that were not there `before` fall asleep, waiting for it.
bool others_fall_asleep(const std::map<std::string, char>& before) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    const std::map<std::string, char> now = threads();
    const bool asleep = std::all_of(now.begin(), now.end(), [&](const auto& thread) {
      return before.contains(thread.first) || thread.second == 'S';
    });
    if (asleep) return true;
  }
  return false;
}

TEST(ThreadPool, WorkersFallAsleepWakeAndStopInEitherState) {
  const std::map<std::string, char> before = threads();
  ThreadPool pool(3);
  std::atomic<int64_t> sum = 0;
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(others_fall_asleep(before));
    pool.parallel_for(100, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
  }
  EXPECT_EQ(sum, 2000);
  for (int i = 0; i < 50; ++i) ThreadPool(4);  // destroyed while workers still start or spin
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
