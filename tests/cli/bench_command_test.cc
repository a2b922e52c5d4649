#include <gmock/gmock.h>

#include "base/json.h"
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

TEST(BenchCommand, TheTrapezoidIsTimedBesideBothLoopsWhole) {
  const std::string command = "bench trapezoid --device cpu --repetitions 1 --random-weights ";
  const Outcome done =
      run_rondo(command + "loopcoder-mini --layers 2 --share-layers --tokens 200 --json");
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const std::string json = done.output.substr(done.output.find('{'));  // behind its progress
  const Json row = parse_json(json, "output").value()["rows"][0];
  EXPECT_EQ(row["tokens"], 200);
  EXPECT_GT(row["whole_s"], 0);
  EXPECT_GT(row["trapezoid_s"], 0);
  EXPECT_LT(row["work_ratio"], 0.9);  // 128 and 192 rows of 200 in loop 1
  const Outcome plain = run_rondo(command + "iquest-7b");
  EXPECT_EQ(plain.exit_code, 2);
  EXPECT_THAT(plain.output, HasSubstr("runs its layers once"));
}

TEST(BenchCommand, ReuseStandsBesideReadingAgain) {
  const Outcome done = run_rondo("bench reuse --device cpu --model " RONDO_SOURCE_DIR
                                 "/models/loopcoder-mini --contexts 600 --active 100 --json");
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const std::string json = done.output.substr(done.output.find('{'));  // behind its progress
  const Json result = parse_json(json, "output").value();
  const Json& row = result["rows"][0];
  // A keystroke reads what the others do, and computes less.
  EXPECT_GT(row["keystroke"]["bytes"], result["no_context"]["bytes"]);
  EXPECT_LT(row["keystroke"]["flops"], row["cold_active"]["flops"]);
  EXPECT_LT(row["cold_active"]["flops"], row["read_again"]["flops"]);
  const Outcome untrained = run_rondo("bench reuse --device cpu --random-weights iquest-7b");
  EXPECT_EQ(untrained.exit_code, 2);
  EXPECT_THAT(untrained.output, HasSubstr("not trained to read Segments"));
}

}  // namespace
}  // namespace rondo::cli
