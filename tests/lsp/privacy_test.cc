// What must not be read, planted and open in the editor: the whole server with the embedded model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <set>
#include <sstream>

#include "tests/engine/model_folder.h"
#include "tests/lsp/real_server.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

using testing::HasSubstr;
using testing::Not;

// Nothing that the server says may have it in it.
constexpr std::string_view kPlanted = "planted_marker";
constexpr bool kTyping = true;

// A definition that a completion in main.py would want, with what must not be seen.
std::string planted(const std::string& more = "") {
  return "def rectangle_area(width, height):\n    " + std::string(kPlanted) + " = 1\n" + more;
}

class Privacy : public testing::Test {
 protected:
  Privacy() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
    folder_.write("main.py", kMain);
    folder_.write("shapes.py", "def rectangle_area(width, height):\n    return width * height\n");
  }
  ~Privacy() override { spdlog::set_default_logger(before_); }

  void begin() {
    Json params = kInitialize;
    params["trace"] = "verbose";
    server_.begin(folder_.path(), params);
    server_.client.send(did_open(uri("main.py"), kMain));
  }

  std::string uri(const std::string& path) { return uri_of_path((folder_.path() / path).string()); }

  // The files whose Blocks a completion in main.py uses: asked for, or while one types.
  std::set<std::string> used(bool automatic = false) {
    Json params = at(uri("main.py"), 2, 24);
    params["context"] = {{"triggerKind", automatic ? 2 : 1}};
    server_.ask("textDocument/inlineCompletion", params);
    const Json why = server_.why(uri("main.py"));
    std::set<std::string> paths;
    for (const Json& block : why["blocks"]) paths.insert(block["path"]);
    return paths;
  }

  // Documents are taken in the order of their opening: when this one is, all before it were.
  void settle() {
    server_.client.send(did_open(uri("last.py"), "def rectangle_area(last):\n    return last\n"));
    EXPECT_TRUE(soon([this] {
      const std::set<std::string> now = used();
      return now.contains("last.py") && now.contains("shapes.py");
    }));
  }

  // Whether a completion in the document is made, and the model sees it.
  bool completes(const std::string& uri) {
    const Json answer = server_.complete(uri, 1, 4);
    const Json why = server_.why(uri);
    const bool seen = why["promptTokens"] > 0;
    if (!seen) {
      EXPECT_EQ(answer["items"], Json::array());
      EXPECT_THAT(why["reason"].get<std::string>(), HasSubstr("not read"));
    }
    return seen;
  }

  int count_told(const std::string& path) {
    int n = 0;
    for (const Json& message : server_.client.heard()) {
      n += message["method"] == "window/logMessage" &&
           message["params"]["message"].get<std::string>().find(path) != std::string::npos;
    }
    return n;
  }

  // All that is kept on disk of what the model has read.
  std::string kept() const {
    std::string all;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(cache_.path() / "segments", error))
      all += engine::read_file(file.path());
    return all;
  }
  // The planted text as ids, as it would lie there.
  static std::string planted_ids() {
    const auto tokenizer = engine::Tokenizer::load(kEmbeddedModel).value();
    engine::TokenIds ids = tokenizer.encode("x = 1\n    " + std::string(kPlanted) + " = 1");
    const engine::TokenIds before = tokenizer.encode("x = 1\n    ");
    ids.erase(ids.begin(), ids.begin() + static_cast<int64_t>(before.size()));
    return {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof ids[0]};
  }

  // All that was said, on the wire and into the log.
  std::string said() {
    std::string all = log_.str();
    for (const Json& message : server_.client.heard()) all += message.dump() + "\n";
    return all;
  }

  static constexpr const char* kMain =
      "from shapes import rectangle_area\n\nprint(rectangle_area(2, ";
  workspace::TemporaryFolder folder_;
  workspace::TemporaryFolder cache_;
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream log_;
  RealServer server_{kEmbeddedModel, {.disk_folder = cache_.path() / "segments"}};
};

TEST_F(Privacy, WhatIsExcludedIsContextOfNothing) {
  const workspace::TemporaryFolder outside;
  folder_.write(".gitignore", "generated.py\n");
  folder_.write(".rondoignore", "private/\n");
  std::filesystem::create_directory_symlink(outside.path(), folder_.path() / "link");
  begin();
  const std::string token = "KEY = 'ghp_" + std::string("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'\n");
  const std::vector<std::string> excluded = {uri("generated.py"),
                                             uri("private/a.py"),
                                             uri("link/a.py"),
                                             uri("x/../private/b.py"),
                                             uri(".env.py"),
                                             "untitled:Untitled-1",
                                             uri_of_path(outside.path().string() + "/o.py")};
  for (const std::string& one : excluded) server_.client.send(did_open(one, planted()));
  server_.client.send(did_open(uri("token.py"), planted(token)));
  settle();
  EXPECT_EQ(used(), (std::set<std::string>{"last.py", "shapes.py"}));
  // In themselves some of them are completed, and that stays there.
  for (const std::string& one : excluded) completes(one);
  EXPECT_EQ(used(), (std::set<std::string>{"last.py", "shapes.py"}));
  EXPECT_THAT(said(), HasSubstr("promptTokens"));
  EXPECT_THAT(said(), Not(HasSubstr(kPlanted)));
  EXPECT_THAT(said(), Not(HasSubstr("ghp_")));
  EXPECT_EQ(server_.hang_up(), 1);
  EXPECT_TRUE(kept().find("shapes.py") != std::string::npos);
  for (const std::string& text : {planted_ids(), std::string("private/"), std::string("token.py")})
    EXPECT_TRUE(kept().find(text) == std::string::npos) << text;
}

TEST_F(Privacy, TheModelCompletesOnlyInWhatItMayRead) {
  const workspace::TemporaryFolder outside;
  outside.write(".rondoignore", "hidden.py\n");
  folder_.write(".gitignore", "generated.py\n");
  folder_.write(".rondoignore", "private/\n");
  begin();
  const auto open_and_complete = [&](const std::string& uri, const std::string& text) {
    server_.client.send(did_open(uri, text));
    return completes(uri);
  };
  const std::string token = "KEY = 'ghp_" + std::string("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'\n");
  EXPECT_TRUE(open_and_complete(uri("new.py"), planted()));
  EXPECT_TRUE(open_and_complete(uri("generated.py"), planted()));
  EXPECT_TRUE(open_and_complete("untitled:Untitled-1", planted()));
  EXPECT_TRUE(open_and_complete(uri_of_path(outside.path().string() + "/o.py"), planted()));
  EXPECT_FALSE(open_and_complete(uri("private/a.py"), planted()));
  EXPECT_FALSE(open_and_complete("git:" + uri("private/a.py").substr(7) + "?HEAD", planted()));
  EXPECT_FALSE(open_and_complete(uri_of_path(outside.path().string() + "/hidden.py"), planted()));
  EXPECT_FALSE(open_and_complete(uri(".env"), planted()));
  EXPECT_FALSE(open_and_complete(uri("token.py"), planted(token)));
  EXPECT_FALSE(open_and_complete("untitled:Untitled-2", planted(token)));
  // The user is told why, once for a file.
  EXPECT_FALSE(completes(uri("private/a.py")));
  EXPECT_EQ(count_told("private/a.py"), 1);
  EXPECT_EQ(count_told("token.py"), 1);
  EXPECT_EQ(count_told("generated.py"), 0);
  EXPECT_EQ(server_.hang_up(), 1);
}

TEST_F(Privacy, AnEditedIgnoreFileTakesBlocksBack) {
  folder_.write("secrets_of_ours.py", planted());
  begin();
  server_.client.send(did_open(uri("open.py"), planted("    return height\n")));
  settle();
  const std::set<std::string> with = {"last.py", "open.py", "secrets_of_ours.py", "shapes.py"};
  const std::set<std::string> without = {"last.py", "shapes.py"};
  EXPECT_TRUE(soon([&] { return used() == with; }));
  EXPECT_EQ(used(kTyping), with);
  EXPECT_TRUE(completes(uri("open.py")));
  const auto keeps = [&](const std::string& text) {
    return kept().find(text) != std::string::npos;
  };
  EXPECT_TRUE(soon([&] { return keeps(planted_ids()) && keeps("open.py"); }));
  folder_.write(".rondoignore", "secrets_of_ours.py\nopen.py\n");
  server_.client.send(
      notification_message("workspace/didChangeWatchedFiles",
                           {{"changes", {{{"uri", uri(".rondoignore")}, {"type", 1}}}}}));
  // What is kept while one types is kept no longer.
  EXPECT_TRUE(soon([&] { return used(kTyping) != with; }));
  EXPECT_TRUE(soon([&] { return used(kTyping) == without; }));
  EXPECT_FALSE(completes(uri("open.py")));
  EXPECT_TRUE(soon([&] { return !keeps(planted_ids()) && !keeps("secrets_of_ours.py"); }));
  EXPECT_EQ(server_.hang_up(), 1);
  for (const std::string& text :
       {planted_ids(), std::string("secrets_of_ours.py"), std::string("open.py")})
    EXPECT_FALSE(keeps(text)) << text;
}

// What an earlier process has kept of a file that was excluded since goes with the first scan.
TEST_F(Privacy, WhatWasKeptBeforeGoesToo) {
  folder_.write("secrets_of_ours.py", planted());
  begin();
  settle();
  EXPECT_TRUE(soon([&] { return used().contains("secrets_of_ours.py"); }));
  EXPECT_EQ(server_.hang_up(), 1);
  EXPECT_TRUE(kept().find(planted_ids()) != std::string::npos);
  folder_.write(".rondoignore", "secrets_of_ours.py\n");
  RealServer next(kEmbeddedModel, {.disk_folder = cache_.path() / "segments"});
  next.begin(folder_.path());
  EXPECT_TRUE(soon([&] { return kept().find(planted_ids()) == std::string::npos; }));
  EXPECT_EQ(next.hang_up(), 1);
  EXPECT_TRUE(kept().find("secrets_of_ours.py") == std::string::npos);
  EXPECT_TRUE(kept().find("shapes.py") != std::string::npos);
}

}  // namespace
}  // namespace rondo::lsp
