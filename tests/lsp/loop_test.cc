#include "lsp/loop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace rondo::lsp {
namespace {

TEST(Loop, RunsWhatManyThreadsPostInTheOrderOfEach) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;  // more than may wait at a time
  Loop loop;
  std::vector<int> seen(kThreads, 0);
  int n_done = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&, t, i] {
          EXPECT_EQ(seen[t]++, i);
          if (++n_done == kThreads * kEach) loop.close();
        });
      }
    });
  }
  loop.run();
  EXPECT_EQ(n_done, kThreads * kEach);
}

TEST(Loop, LetsThreadsGoThatPostWhenItIsClosed) {
  Loop loop;
  std::jthread thread([&] {
    for (int i = 0; i < 5000; ++i) loop.post([] { FAIL() << "closed loops run nothing"; });
  });
  loop.close();
  thread.join();
  loop.run();
}

TEST(Loop, MayPostFromItsOwnThread) {
  Loop loop;
  int n = 0;
  for (int i = 0; i < 5000; ++i) loop.post([&] { ++n; });
  loop.post([&] { loop.close(); });
  loop.run();
  EXPECT_EQ(n, 5000);
}

}  // namespace
}  // namespace rondo::lsp
