#include "kernels/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
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
        pool.parallel_for(n, grain, [&](int64_t begin, int64_t end, int32_t thread) {
          if (begin % grain != 0 || (end != n && end % grain != 0)) aligned = false;
          if (thread < 0 || thread >= n_threads) aligned = false;
          for (int64_t i = begin; i < end; ++i) ++visits[i];
        });
        EXPECT_TRUE(aligned);
        for (const auto& count : visits) ASSERT_EQ(count, 1) << n << " by " << grain;
      }
    }
  }
}

TEST(ThreadPool, RegionsFollowOneAnotherAndSeeEachOthersWrites) {
  ThreadPool pool(3);
  std::vector<int64_t> values(1000, 0);
  for (int round = 0; round < 2000; ++round) {
    pool.parallel_for(1000, 1, [&](int64_t begin, int64_t end, int32_t) {
      // Read what the thread beside this one wrote in the round before.
      for (int64_t i = begin; i < end; ++i) values[i] += 1;
    });
    ASSERT_EQ(values[(round * 37) % 1000], round + 1);
  }
}

}  // namespace
}  // namespace rondo::kernels
