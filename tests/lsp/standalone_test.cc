// The whole server with the embedded model.

#include "lsp/standalone.h"

#include <gtest/gtest.h>

#include "tests/lsp/real_server.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

TEST(Standalone, AnswersTheFirstRequestOnceTheModelIsLoaded) {
  RealServer server;
  server.ask("initialize", kInitialize);
  const std::string uri = "file:///w/a.py";
  server.client.send(did_open(uri, "def area(width, height):\n    return width * \n"));
  const Json answer = server.complete(uri, 1, 19);
  // What it says is the model's affair; that it says something at the cursor is ours.
  ASSERT_FALSE(answer["items"].empty()) << answer.dump();
  EXPECT_NE(answer["items"][0]["insertText"], "");
  EXPECT_EQ(answer["items"][0]["range"]["start"], Json({{"line", 1}, {"character", 19}}));
  EXPECT_GT(server.why(uri)["promptTokens"], 10);
  server.ask("shutdown", nullptr);
  server.client.send(notification_message("exit", nullptr));
  EXPECT_EQ(server.wait(), 0);
}

TEST(Standalone, ReadsTheWorkspaceAndFollowsItsFiles) {
  const workspace::TemporaryFolder folder;
  folder.write("shapes.py", "def rectangle_area(width, height):\n    return width * height\n");
  RealServer server;
  server.begin(folder.path());
  const std::string uri = uri_of_path((folder.path() / "main.py").string());
  server.client.send(
      did_open(uri, "from shapes import rectangle_area\n\nprint(rectangle_area(2, "));
  EXPECT_TRUE(server.uses(uri, 2, 24, "shapes.py"));
  // The client cannot watch files, so the server does.
  folder.write("more.py", "def rectangle_area(a, b, c):\n    return a * b * c\n");
  EXPECT_TRUE(soon([&] { return server.uses(uri, 2, 24, "more.py"); }));
  EXPECT_EQ(server.hang_up(), 1);
}

// A server on several folders of one root.
class FoldersTest : public testing::Test {
 protected:
  ~FoldersTest() override { EXPECT_EQ(server_.hang_up(), 1); }

  void begin(const std::vector<std::string>& folders) {
    Json params = kInitialize;
    for (const std::string& name : folders) {
      params["workspaceFolders"].push_back({{"uri", uri_of(name)}, {"name", name}});
    }
    server_.begin(root_.path(), params);
  }
  std::string uri_of(const std::string& name) {
    return uri_of_path((root_.path() / name).string());
  }
  void open_caller(const std::string& name) {
    server_.client.send(did_open(uri_of(name), "print(rectangle_area(2, "));
  }
  // The files whose definition of rectangle_area an answer in that caller uses, each with a blank.
  std::string definitions_for(const std::string& name) {
    server_.complete(uri_of(name), 0, 24);
    const Json why = server_.why(uri_of(name));
    std::string paths;
    for (const Json& block : why["blocks"]) {
      if (block["reason"] != "defines rectangle_area") continue;
      paths += block["path"].get<std::string>() + " ";
    }
    return paths;
  }
  bool soon_uses(const std::string& name, const std::string& definitions) {
    return soon([&] { return definitions_for(name) == definitions; });
  }

  const workspace::TemporaryFolder root_;
  RealServer server_;
};

TEST_F(FoldersTest, AFileReadsOnlyTheFolderThatHoldsIt) {
  root_.write("one/shapes_one.py", "def rectangle_area(width, height):\n    return 0\n");
  root_.write("two/lib/shapes_two.py", "def rectangle_area(a, b, c):\n    return 0\n");
  root_.write("near/shapes_near.py", "def rectangle_area(x):\n    return 0\n");
  begin({"one", "two"});
  for (const char* caller : {"one/main.py", "two/main.py", "near/main.py"}) open_caller(caller);
  EXPECT_EQ(definitions_for("one/main.py"), "shapes_one.py ");
  EXPECT_EQ(definitions_for("two/main.py"), "lib/shapes_two.py ");
  EXPECT_EQ(definitions_for("near/main.py"), "");
  const Json one = {{{"uri", uri_of("one")}, {"name", "one"}}};
  server_.client.send(
      notification_message("workspace/didChangeWorkspaceFolders",
                           {{"event", {{"added", Json::array()}, {"removed", one}}}}));
  EXPECT_EQ(definitions_for("one/main.py"), "");
  EXPECT_EQ(definitions_for("two/main.py"), "lib/shapes_two.py ");
}

TEST_F(FoldersTest, TheOuterFolderFollowsDocumentsOfTheInnerOne) {
  root_.write("outer/inner/shapes.py", "def rectangle_area(width, height):\n    return 0\n");
  begin({"outer", "outer/inner"});
  for (const char* caller : {"outer/main.py", "outer/inner/main.py"}) open_caller(caller);
  EXPECT_EQ(definitions_for("outer/main.py"), "inner/shapes.py ");
  EXPECT_EQ(definitions_for("outer/inner/main.py"), "shapes.py ");
  const std::string shapes = uri_of("outer/inner/shapes.py");
  server_.client.send(did_open(shapes, "int something_else;\n"));
  EXPECT_TRUE(soon_uses("outer/inner/main.py", ""));
  EXPECT_TRUE(soon_uses("outer/main.py", ""));
  server_.client.send(
      notification_message("textDocument/didClose", {{"textDocument", {{"uri", shapes}}}}));
  EXPECT_TRUE(soon_uses("outer/inner/main.py", "shapes.py "));
  EXPECT_TRUE(soon_uses("outer/main.py", "inner/shapes.py "));
}

TEST(Standalone, StaysUpWithoutAModelAndSaysWhy) {
  RealServer server("/no/such/model");
  server.ask("initialize", kInitialize);
  const Json message = server.client.receive();
  EXPECT_EQ(message["method"], "window/showMessage");
  EXPECT_NE(message.dump().find("/no/such/model"), std::string::npos) << message.dump();
  server.client.send(did_open("file:///w/a.py", "x = "));
  EXPECT_EQ(server.complete("file:///w/a.py", 0, 4)["items"], Json::array());
  EXPECT_EQ(server.hang_up(), 1);
}

}  // namespace
}  // namespace rondo::lsp
