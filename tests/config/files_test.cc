// The files that configure Rondo, and which of them are believed.

#include "config/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/trust.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::config {
namespace {

class FilesTest : public testing::Test {
 protected:
  void configure(std::string_view text) { home_.write("shop/.rondo.json", text); }
  Layer layer() const { return workspace_layer(places_, shop_); }
  void approve() {
    Trust trust = Trust::read(places_.trust_file).value();
    trust.approve(shop_, workspace_text(shop_).value());
    EXPECT_TRUE(trust.write(places_.trust_file).ok());
  }

  const workspace::TemporaryFolder home_;
  const std::string shop_ = home_.path() / "shop";
  const Places places_ = {.user_file = home_.path() / "config.json",
                          .trust_file = home_.path() / "state/trust.json"};
};

TEST_F(FilesTest, AWorkspaceSaysWhatItMay) {
  configure(R"({"multiline": true, "model": "evil", "threads": 1})");
  EXPECT_EQ(Json(layer().values), Json({{"multiline", true}}));
  const std::string file = shop_ + "/.rondo.json: ";
  EXPECT_EQ(layer().problems,
            std::vector<std::string>({file + "model counts only in " + places_.user_file +
                                          ", or after `rondo trust " + shop_ + "`",
                                      file + "threads counts only in " + places_.user_file}));
}

TEST_F(FilesTest, AnApprovalHoldsForTheTextThatWasApproved) {
  const std::string text = R"({"model": "mini"})";
  configure(text);
  approve();
  EXPECT_EQ(Json(layer().values), Json({{"model", shop_ + "/mini"}}));
  configure(text + " ");
  EXPECT_TRUE(layer().values.empty());
  configure(text);
  EXPECT_FALSE(layer().values.empty());
  Trust trust = Trust::read(places_.trust_file).value();
  EXPECT_TRUE(trust.revoke(shop_));
  EXPECT_TRUE(trust.write(places_.trust_file).ok());
  EXPECT_TRUE(layer().values.empty());
}

TEST_F(FilesTest, AnApprovalIsOfOneFolder) {
  configure(R"({"model": "mini"})");
  approve();
  home_.write("copy/.rondo.json", R"({"model": "mini"})");
  EXPECT_TRUE(workspace_layer(places_, home_.path() / "copy").values.empty());
  std::filesystem::create_directory_symlink(shop_, home_.path() / "link");
  EXPECT_FALSE(workspace_layer(places_, home_.path() / "link").values.empty());
}

TEST_F(FilesTest, ApprovalsAreTheUsersAlone) {
  configure("{}");
  approve();
  struct stat info;
  ASSERT_EQ(::stat(places_.trust_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(FilesTest, BrokenApprovalsApproveNothing) {
  configure(R"({"model": "mini"})");
  for (const char* text : {"", "{", "[]x", "3", R"({"/a": 3})", "[1]"}) {
    home_.write("state/trust.json", text);
    EXPECT_TRUE(layer().values.empty()) << text;
    EXPECT_FALSE(layer().problems.empty()) << text;
  }
}

TEST_F(FilesTest, WhatIsNoSmallFileIsToldAndDoesNotWait) {
  home_.write("secret", R"({"multiline": true})");
  const auto sentence = [&] {
    const Layer read = layer();
    EXPECT_TRUE(read.values.empty());
    return read.problems.empty() ? "" : read.problems[0];
  };
  configure(R"({"multiline": true,})");
  EXPECT_NE(sentence().find("nothing of it counts"), std::string::npos) << sentence();
  configure(R"({"multiline": true, "multiline": false})");
  EXPECT_NE(sentence().find("nothing of it counts"), std::string::npos) << sentence();
  configure(std::string(70000, ' '));
  EXPECT_NE(sentence().find("larger than 64 KiB"), std::string::npos) << sentence();
  const std::string path = shop_ + "/.rondo.json";
  ::unlink(path.c_str());
  std::filesystem::create_symlink(home_.path() / "secret", path);
  EXPECT_NE(sentence().find("cannot be read"), std::string::npos) << sentence();
  ::unlink(path.c_str());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_NE(sentence().find("no regular file"), std::string::npos) << sentence();
  ::unlink(path.c_str());
  EXPECT_EQ(sentence(), "");
}

TEST_F(FilesTest, TheUsersMayBeALink) {
  home_.write("dotfiles/rondo.json", R"({"threads": 3})");
  std::filesystem::create_symlink(home_.path() / "dotfiles/rondo.json", places_.user_file);
  EXPECT_EQ(Json(user_layer(places_).values), Json({{"threads", 3}}));
}

}  // namespace
}  // namespace rondo::config
