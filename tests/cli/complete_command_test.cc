#include <gmock/gmock.h>

#include "tests/cli/run.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::cli {
namespace {

using ::testing::HasSubstr;

TEST(CompleteCommand, ReadsNoFileThatTheModelMustNotSee) {
  const workspace::TemporaryFolder folder;
  folder.write(".rondoignore", "private/\n");
  for (const char* path : {"private/a.py", ".env"}) {
    folder.write(path, "x = 1\n");
    const std::string file = (folder.path() / path).string();
    const Outcome outcome =
        run_rondo("complete " + file + ":1:5 --workspace " + folder.path().string());
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.output, HasSubstr(file));
    EXPECT_THAT(outcome.output, HasSubstr("it is not read"));
  }
}

}  // namespace
}  // namespace rondo::cli
