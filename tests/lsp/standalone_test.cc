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
