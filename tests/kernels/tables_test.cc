#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

TEST(Tables, AreFoundByNameAndTheBestOneRunsHere) {
  for (const Kernels* table : runnable_tables()) {
    std::printf("this machine runs table %s\n", table->name);
    EXPECT_EQ(cpu_kernels(table->name), table);
  }
  EXPECT_EQ(cpu_kernels("no such table"), nullptr);
  EXPECT_THAT(runnable_tables(), testing::Contains(&best_cpu_kernels()));
}

}  // namespace
}  // namespace rondo::kernels
