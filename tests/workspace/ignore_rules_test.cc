#include "workspace/ignore_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <sstream>

#include "tests/workspace/temporary_folder.h"

namespace rondo::workspace {
namespace {

namespace fs = std::filesystem;
using testing::UnorderedElementsAre;

// The files below `folder` that the rules do not ignore, as a walk from the top finds them.
void walk(const fs::path& root, const std::string& folder, IgnoreRules& rules,
          std::set<std::string>& kept) {
  if (!folder.empty()) rules.read_folder(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(root / folder)) {
    const std::string name = entry.path().filename().string();
    const std::string path = folder.empty() ? name : folder + '/' + name;
    if (name == ".git") continue;
    if (rules.ignored_by(path, entry.is_directory()) != IgnoredBy::kNothing) continue;
    if (entry.is_directory()) {
      walk(root, path, rules, kept);
    } else {
      kept.insert(path);
    }
  }
}

std::set<std::string> kept_files(const fs::path& root, std::string_view defaults = "") {
  IgnoreRules rules(root.string(), defaults);
  std::set<std::string> kept;
  walk(root, "", rules, kept);
  return kept;
}

TEST(IgnoreRules, InnerFilesTakeBackWhatOuterOnesIgnore) {
  const TemporaryFolder folder;
  folder.write(".gitignore", "*.log\nlib\n/build/\n");
  folder.write("sub/.gitignore", "!keep.log\n!lib\n*.txt\n");
  for (const char* path : {"a.log", "keep.log", "lib/x", "build/x", "sub/keep.log", "sub/a.log",
                           "sub/lib/x", "sub/lib/x.log", "sub/build/x", "sub/a.txt", "a.txt"}) {
    folder.write(path, "");
  }
  EXPECT_THAT(kept_files(folder.path()),
              UnorderedElementsAre(".gitignore", "a.txt", "sub/.gitignore", "sub/keep.log",
                                   "sub/lib/x", "sub/build/x"));
}

TEST(IgnoreRules, RondoignoreComesAfterGitignoreAndDefaultsBeforeBoth) {
  const TemporaryFolder folder;
  folder.write(".gitignore", "*.log\n");
  folder.write(".rondoignore", "!important.log\nprivate/\n!vendor/\n");
  for (const char* path : {"a.log", "important.log", "private/x", "vendor/x", "node_modules/x"})
    folder.write(path, "");
  EXPECT_THAT(kept_files(folder.path(), "vendor/\nnode_modules/\n"),
              UnorderedElementsAre(".gitignore", ".rondoignore", "important.log", "vendor/x"));
}

TEST(IgnoreRules, RondoignoreDecidesLast) {
  const TemporaryFolder folder;
  folder.write(".rondoignore", "*.key\n!/kept/\n");
  folder.write("sub/.gitignore", "!*.key\n*.log\n");
  folder.write("sub/.rondoignore", "!b.log\n");
  for (const char* path : {"a.key", "sub/a.key", "sub/a.log", "sub/b.log", "kept/x"})
    folder.write(path, "");
  EXPECT_THAT(kept_files(folder.path(), "kept/\n"),
              UnorderedElementsAre(".rondoignore", "sub/.gitignore", "sub/.rondoignore",
                                   "sub/b.log", "kept/x"));
}

TEST(IgnoreRules, FoldersAboveTheWorkspaceCountUpToTheTopOfTheRepository) {
  const TemporaryFolder folder;
  folder.write(".gitignore", "outside\n");
  folder.write("top/.git/info/exclude", "excluded\n");
  folder.write("top/.gitignore", "*.tmp\n/sub/root/only\n");
  folder.write("top/sub/.gitignore", "middle\n");
  for (const char* name : {"outside", "excluded", "a.tmp", "only", "middle", "x"}) {
    folder.write(std::string("top/sub/root/") + name, "");
  }
  EXPECT_THAT(kept_files(folder.path() / "top/sub/root"), UnorderedElementsAre("outside", "x"));
}

TEST(IgnoreRules, TakesOddFiles) {
  const TemporaryFolder folder;
  folder.write(".gitignore",
               "\xEF\xBB\xBFone\r\ntwo\r\n\r\n# three\r\n\\#four\r\n!\r\n\\!five\nsix\\ \n");
  fs::create_directories(folder.path() / "sub/.gitignore");
  for (const char* name : {"one", "two", "three", "#four", "!five", "six ", "seven"})
    folder.write(name, "");
  EXPECT_THAT(kept_files(folder.path()), UnorderedElementsAre(".gitignore", "three", "seven"));
}

// Random trees with random rules: git itself says what is kept.
TEST(IgnoreRules, DecidesAsGitDoes) {
  if (std::system("git --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "git is not installed";
  static const std::vector<std::string> kPatterns = {
      "*.log", "x.log",     "build/", "build", "/a",  "a/b",   "a/**/c", "**/c",
      "a/**",  "*.[oa]",    "/*",     "a?b",   "c/",  "foo*",  "*",      "/b/*",
      "b*",    "[!a]*.log", "sub/",   "/a/b/", "*/c", "sub/*", "**/b/**"};
  static const std::vector<std::string> kNames = {"a",     "b",   "c",     "x.log", "build",
                                                  "foo.o", "aXb", "z.txt", "sub",   "foo"};
  std::mt19937 random(8);
  const auto random_path = [&](int max_depth) {
    std::string path;
    for (int depth = 1 + static_cast<int>(random() % max_depth); depth > 0; --depth) {
      path += kNames[random() % kNames.size()] + (depth > 1 ? "/" : "");
    }
    return path;
  };
  for (int round = 0; round < 20; ++round) {
    const TemporaryFolder folder;
    const std::string in_folder = "cd '" + folder.path().string() + "' && ";
    ASSERT_EQ(std::system((in_folder + "GIT_CONFIG_GLOBAL=/dev/null git init -q .").c_str()), 0);
    for (int i = 0; i < 30; ++i) {
      const fs::path path = random_path(4);
      std::error_code error;  // a part of the path may be a file already
      fs::create_directories((folder.path() / path).parent_path(), error);
      if (!error && !fs::exists(folder.path() / path)) folder.write(path, "");
    }
    std::string rules_for_people;
    for (const fs::path& at : {fs::path(), fs::path(random_path(1)), fs::path(random_path(2))}) {
      if (!fs::is_directory(folder.path() / at)) continue;
      std::string rules;
      for (uint32_t n = 1 + random() % 4; n > 0; --n) {
        rules += (random() % 3 == 0 ? "!" : "") + kPatterns[random() % kPatterns.size()] + '\n';
      }
      folder.write(at / ".gitignore", rules);
      rules_for_people += at.string() + ": " + rules;
    }
    const std::string list =
        "GIT_CONFIG_GLOBAL=/dev/null git ls-files --others --exclude-standard > .git/kept";
    ASSERT_EQ(std::system((in_folder + list).c_str()), 0);
    std::set<std::string> expected;
    std::ifstream lines(folder.path() / ".git/kept");
    for (std::string line; std::getline(lines, line);) expected.insert(line);
    ASSERT_EQ(kept_files(folder.path()), expected) << rules_for_people;
  }
}

}  // namespace
}  // namespace rondo::workspace
