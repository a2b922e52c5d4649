// Programs that try what a sandbox must not let them do.

#include "assist/sandbox.h"

#include <gtest/gtest.h>

#include "tests/workspace/temporary_folder.h"

namespace rondo::assist {
namespace {

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    const Status ready = sandbox_ready();
    if (!ready.ok()) GTEST_SKIP() << ready.message();
  }
  static SandboxRun run(std::vector<std::string> words, const SandboxLimits& limits = {}) {
    const Result<SandboxRun> run = run_in_sandbox({.words = std::move(words)}, limits);
    EXPECT_TRUE(run.ok()) << run.status().message();
    return run.ok() ? *run : SandboxRun();
  }
  static bool passes(const std::string& python, const SandboxLimits& limits = {}) {
    return run({"python3", "-I", "-c", python}, limits).passed();
  }
};

TEST_F(Sandbox, PassesOnlyWhatEndsByItselfInTime) {
  EXPECT_TRUE(passes("pass"));
  EXPECT_FALSE(passes("assert False"));
  EXPECT_FALSE(run({"no-such-program"}).passed());
  const SandboxLimits second = {.time = std::chrono::seconds(1)};
  const SandboxRun hangs = run({"sleep", "1000"}, second);
  EXPECT_TRUE(hangs.timed_out);
  EXPECT_FALSE(hangs.passed());
  EXPECT_FALSE(passes("while True: pass", second));
  EXPECT_FALSE(passes("import os, time\nif os.fork(): time.sleep(99)\ntime.sleep(99)", second));
}

TEST_F(Sandbox, HasNeitherNetworkNorFilesNorMuchMemory) {
  EXPECT_FALSE(passes("x = bytearray(2 << 30)"));
  EXPECT_FALSE(passes("import socket\nsocket.create_connection(('1.1.1.1', 53), 1)"));
  EXPECT_FALSE(passes("open('/etc/passwd').read()"));
  EXPECT_FALSE(passes("open('/usr/x', 'w')"));
  EXPECT_FALSE(passes("open('/tmp/x', 'w').write('x' * (2 << 20))"));
  EXPECT_TRUE(passes("import os\nassert 'RONDO_TEST' not in os.environ"));
}

TEST_F(Sandbox, WritesIntoItsFolderAlone) {
  const workspace::TemporaryFolder folder;
  folder.write("in/a", "x");
  folder.write("beside/b", "y");
  const auto in_folder = [&](const char* shell) {
    return *run_in_sandbox({.words = {"sh", "-c", shell},
                            .folder = folder.path() / "in",
                            .seen_as = "/home/somebody/tree",
                            .readable = {folder.path() / "beside"}});
  };
  EXPECT_EQ(in_folder("pwd; cat a").output, "/home/somebody/tree\nx");
  EXPECT_TRUE(in_folder("echo z > made").passed());
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "in/made"));
  EXPECT_TRUE(in_folder(("cat " + folder.path().string() + "/beside/b").c_str()).passed());
  EXPECT_FALSE(in_folder(("echo > " + folder.path().string() + "/beside/c").c_str()).passed());
}

TEST_F(Sandbox, KeepsTheEndOfLongOutput) {
  const SandboxRun run = Sandbox::run({"seq", "1", "100000"}, {.output_bytes = 14});
  EXPECT_EQ(run.output, "\n99999\n100000\n");
  EXPECT_TRUE(run.passed());
}

// The words reach the program as they are.
TEST_F(Sandbox, HasNoShell) { EXPECT_EQ(run({"echo", "$HOME;", "`id`"}).output, "$HOME; `id`\n"); }

TEST(SandboxHere, SaysWhatIsMissing) {
  if (sandbox_ready().ok()) GTEST_SKIP() << "there is a sandbox";
  EXPECT_NE(sandbox_ready().message().find("bubblewrap"), std::string::npos);
}

}  // namespace
}  // namespace rondo::assist
