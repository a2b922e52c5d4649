#include <gmock/gmock.h>

#include "tests/cli/run.h"

namespace rondo::cli {
namespace {

using ::testing::HasSubstr;

TEST(BenchCommand, GpuKernelsAreTimedOnAGpuOnly) {
  for (const char* kind : {"gemm", "attention", "rows"}) {
    const std::string command = std::string("bench ") + kind;
    EXPECT_THAT(run_rondo(command + " --help").output, HasSubstr("share of the limit"));
    const Outcome cpu = run_rondo(command + " --device cpu");
    EXPECT_EQ(cpu.exit_code, 2);
    EXPECT_THAT(cpu.output, HasSubstr("this times a GPU's kernels; say --device cuda"));
    EXPECT_EQ(run_rondo(command + " --device cuda:99").exit_code, 1);
  }
}

}  // namespace
}  // namespace rondo::cli
