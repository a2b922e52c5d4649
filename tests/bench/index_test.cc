#include "bench/index.h"

#include <gtest/gtest.h>

#include "tests/workspace/temporary_folder.h"

namespace rondo::bench {
namespace {

TEST(IndexBench, CountsWhatItIndexes) {
  const workspace::TemporaryFolder folder;
  folder.write("a.py", "def one():\n    return 1\n");
  folder.write("b/two.go", "package b\n\nfunc Two() int {\n\treturn 2\n}\n");
  folder.write("binary.py", std::string_view("\0", 1));
  const Result<IndexBenchResult> result =
      bench_index({.folder = folder.path().string(), .n_threads = 1, .n_edits = 10});
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(result->n_files, 2);
  EXPECT_EQ(result->n_skipped, 1);
  EXPECT_EQ(result->n_lines, 3 + 6);
  EXPECT_EQ(result->n_blocks, 2);
  EXPECT_GT(result->mloc_per_minute, 0);
  EXPECT_GE(result->edits.edit_p95_ms, result->edits.edit_p50_ms);
  EXPECT_GT(result->edits.edit_p50_ms, 0);
  ASSERT_EQ(result->edits_by_size.size(), 1u);
  EXPECT_EQ(result->edits_by_size[0].n, 10);
}

TEST(IndexBench, NeedsSomethingToIndex) {
  const workspace::TemporaryFolder folder;
  EXPECT_EQ(bench_index({.folder = folder.path().string()}).status().code(), Code::kNotFound);
  EXPECT_EQ(bench_index({.folder = "/nonexistent"}).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace rondo::bench
