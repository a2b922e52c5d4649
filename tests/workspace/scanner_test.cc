#include "workspace/scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/workspace/temporary_folder.h"

namespace rondo::workspace {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> scan(const TemporaryFolder& folder, ScanSummary* summary = nullptr,
                              ScanOptions options = {}) {
  std::vector<std::string> paths;
  Result<Scanner> scanner = Scanner::open(folder.path().string(), options);
  EXPECT_TRUE(scanner.ok());
  Result<ScanSummary> result =
      scanner->scan([&](std::string path) { paths.push_back(std::move(path)); }, {});
  EXPECT_TRUE(result.ok());
  if (summary != nullptr) *summary = *result;
  return paths;
}

TEST(Scanner, FindsTheFilesThatMayBeRead) {
  const TemporaryFolder folder;
  for (const char* path :
       {"src/b.py", "src/a.py", "README.md", "node_modules/x/index.js", ".git/config", "a.png",
        "app.min.js", ".env", "keys/tls.pem", "build/out.py", "sub/.hidden.py"}) {
    folder.write(path, "x\n");
  }
  folder.write(".gitignore", "/build/\n");
  ScanSummary summary;
  EXPECT_THAT(scan(folder, &summary),
              ElementsAre(".gitignore", "README.md", "src/a.py", "src/b.py", "sub/.hidden.py"));
  EXPECT_EQ(summary.n_files, 5);
  EXPECT_EQ(summary.n_secret, 2);
  EXPECT_EQ(summary.n_ignored, 4);
  EXPECT_EQ(summary.note, "");
}

TEST(Scanner, FollowsNoLinksAndOpensNoPipes) {
  const TemporaryFolder outside;
  outside.write("private.py", "x = 1\n");
  const TemporaryFolder folder;
  folder.write("src/a.py", "x = 1\n");
  fs::create_directory_symlink(folder.path(), folder.path() / "src/loop");
  fs::create_directory_symlink(outside.path(), folder.path() / "outside");
  fs::create_symlink(outside.path() / "private.py", folder.path() / "private.py");
  fs::create_symlink("nowhere", folder.path() / "dangling.py");
  ASSERT_EQ(mkfifo((folder.path() / "pipe.py").c_str(), 0600), 0);
  EXPECT_THAT(scan(folder), ElementsAre("src/a.py"));
  const std::string root = folder.path().string();
  for (const char* path :
       {"private.py", "outside/private.py", "src/loop/src/a.py", "pipe.py", "src", "dangling.py",
        "../x.py", "src/../src/a.py", "/etc/passwd", "", "src//a.py"}) {
    EXPECT_FALSE(read_source(root, path, 1000).ok()) << path;
  }
  EXPECT_TRUE(read_source(root, "src/a.py", 1000).ok());
}

TEST(Scanner, OpensAFolderThatIsALink) {
  const TemporaryFolder folder;
  folder.write("real/a.py", "");
  fs::create_directory_symlink(folder.path() / "real", folder.path() / "link");
  EXPECT_EQ(Scanner::open((folder.path() / "link").string())->root(), folder.path() / "real");
  EXPECT_EQ(Scanner::open((folder.path() / "none").string()).status().code(), Code::kNotFound);
  EXPECT_EQ(Scanner::open((folder.path() / "real/a.py").string()).status().code(), Code::kNotFound);
}

TEST(Scanner, StopsAtItsBoundsAndSaysSo) {
  const TemporaryFolder folder;
  for (int i = 0; i < 10; ++i) folder.write("f" + std::to_string(i) + ".py", "");
  ScanSummary summary;
  EXPECT_EQ(scan(folder, &summary, {.max_files = 4}).size(), 4u);
  EXPECT_THAT(summary.note, HasSubstr("more than 4 files"));
}

TEST(Scanner, IsCancelled) {
  const TemporaryFolder folder;
  folder.write("a/a.py", "");
  folder.write("b/b.py", "");
  std::stop_source stop;
  Result<Scanner> scanner = Scanner::open(folder.path().string());
  const auto result =
      scanner->scan([&](const std::string&) { stop.request_stop(); }, stop.get_token());
  EXPECT_EQ(result.status().code(), Code::kCancelled);
}

constexpr bool kAtAll = true;

TEST(Scanner, SaysWhyAPathIsExcluded) {
  const TemporaryFolder folder;
  folder.write(".gitignore", "*.log\n/out/\n");
  folder.write("sub/.gitignore", "secretly\n!private.py\n");
  folder.write(".rondoignore", "private.py\n/hidden/\n!kept.log\n");
  folder.write("out/.rondoignore", "inner.py\n");
  Result<Scanner> scanner = Scanner::open(folder.path().string());
  EXPECT_EQ(scanner->exclusion("src/a.py"), std::nullopt);
  EXPECT_EQ(scanner->exclusion("src/kept.log"), std::nullopt);
  EXPECT_EQ(scanner->exclusion("src/a.log"), Exclusion{"is ignored"});
  EXPECT_EQ(scanner->exclusion("a.class"), Exclusion{"is binary, by its name"});
  EXPECT_EQ(scanner->exclusion("out/deep/a.py"), Exclusion{"is in the ignored folder out"});
  EXPECT_EQ(scanner->exclusion("sub/secretly/a.py"),
            Exclusion{"is in the ignored folder sub/secretly"});
  EXPECT_EQ(scanner->exclusion("x/.env"), (Exclusion{"may hold secrets, by its name", kAtAll}));
  EXPECT_EQ(scanner->exclusion("hidden/x/a.py"),
            (Exclusion{"is in hidden, which .rondoignore names", kAtAll}));
  // .rondoignore decides last, and inside of what git ignores, too.
  for (const char* path : {"private.py", "sub/private.py", "out/private.py", "out/deep/inner.py",
                           "sub/secretly/private.py"}) {
    EXPECT_EQ(scanner->exclusion(path), (Exclusion{"is named by .rondoignore", kAtAll})) << path;
  }
}

TEST(Scanner, LooksAtWhereALinkLeadsAndAtTheText) {
  const TemporaryFolder outside;
  outside.write(".rondoignore", "private.py\n");
  const TemporaryFolder folder;
  folder.write(".rondoignore", "private/\n");
  folder.write("private/a.py", "");
  fs::create_symlink("private/a.py", folder.path() / "a.py");
  fs::create_directory_symlink(outside.path(), folder.path() / "out");
  Result<Scanner> scanner = Scanner::open(folder.path().string());
  const Text harmless("x = 1\n");
  const Text secret(std::string("KEY = 'ghp_") + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'\n");
  EXPECT_EQ(scanner->exclusion("b.py", harmless), std::nullopt);
  EXPECT_EQ(scanner->exclusion("b.py", secret), (Exclusion{"holds a GitHub token", kAtAll}));
  EXPECT_TRUE(scanner->exclusion("a.py", harmless)->at_all);
  EXPECT_TRUE(scanner->exclusion("out/private.py", harmless)->at_all);
  EXPECT_EQ(scanner->exclusion("out/a.py", harmless), Exclusion{"is behind a link"});
  EXPECT_TRUE(scanner->exclusion("out/a.py", secret)->at_all);
}

TEST(Scanner, OutsideOfAllFoldersOnlyRondoignoreCounts) {
  const TemporaryFolder folder;
  folder.write(".gitignore", "*\n");
  folder.write(".rondoignore", "private/\n");
  const auto exclusion = [&](const std::string& path) {
    return exclusion_outside((folder.path() / path).string(), Text("x\n"));
  };
  EXPECT_EQ(exclusion("a.py"), std::nullopt);
  EXPECT_EQ(exclusion("none/such/a.py"), std::nullopt);
  EXPECT_TRUE(exclusion("private/deep/a.py")->at_all);
  EXPECT_TRUE(exclusion(".env")->at_all);
  // The rules of all folders above a workspace folder count in it, too.
  folder.write("top/a.py", "");
  folder.write(".rondoignore", "/top/a.py\n");
  EXPECT_TRUE(Scanner::open((folder.path() / "top").string())->exclusion("a.py")->at_all);
}

TEST(ReadSource, SaysWhyAFileIsLeftOut) {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  folder.write("a.py", "x = 1\n");
  folder.write("binary.py", std::string_view("x\0y", 3));
  folder.write("large.py", std::string(2000, 'x'));
  folder.write("key.py", std::string("KEY = 'ghp_") + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'\n");
  folder.write("empty.py", "");
  EXPECT_EQ(*read_source(root, "a.py", 1000), "x = 1\n");
  EXPECT_EQ(*read_source(root, "empty.py", 1000), "");
  const auto error = [&](const char* path) {
    return read_source(root, path, 1000).status().to_string();
  };
  EXPECT_EQ(error("binary.py"), "invalid_argument: binary.py is binary");
  EXPECT_EQ(error("large.py"), "resource_exhausted: large.py has 2000 bytes, more than 1000");
  EXPECT_EQ(error("key.py"), "invalid_argument: key.py holds a GitHub token and is left out");
  EXPECT_EQ(error("gone.py"), "not_found: gone.py cannot be read: No such file or directory");
}

}  // namespace
}  // namespace rondo::workspace
