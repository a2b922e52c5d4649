// The whole server with the embedded model.

#include "lsp/standalone.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "lsp/uri.h"
#include "tests/lsp/client.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

std::future<int> run_in_thread(const Pipes& pipes, Status model_found, std::string model) {
  return std::async(std::launch::async, [=] {
    return run_standalone(
        {.server = {.version = "1", .input = pipes.to_server[0], .output = pipes.to_client[1]},
         .model_found = model_found,
         .engine = {.model = model, .n_threads = 2, .kv_bytes = 64 << 20}});
  });
}

TEST(Standalone, AnswersTheFirstRequestOnceTheModelIsLoaded) {
  const Pipes pipes;
  std::future<int> exit_code = run_in_thread(pipes, {}, RONDO_SOURCE_DIR "/models/loopcoder-mini");
  Client client(pipes.to_client[0], pipes.to_server[1]);
  client.ask(1, "initialize", kInitialize);
  const std::string uri = "file:///w/a.py";
  client.send(did_open(uri, "def area(width, height):\n    return width * \n"));
  const Json answer = client.ask(2, "textDocument/inlineCompletion", at(uri, 1, 19));
  ASSERT_EQ(answer["id"], 2) << answer.dump();
  // What it says is the model's affair; that it says something at the cursor is ours.
  ASSERT_FALSE(answer["result"]["items"].empty()) << answer.dump();
  EXPECT_NE(answer["result"]["items"][0]["insertText"], "");
  EXPECT_EQ(answer["result"]["items"][0]["range"]["start"], Json({{"line", 1}, {"character", 19}}));

  const Json why = client.ask(3, "rondo/why", at(uri, 0, 0));
  EXPECT_GT(why["result"]["promptTokens"], 10);
  client.ask(4, "shutdown", nullptr);
  client.send(notification_message("exit", nullptr));
  EXPECT_EQ(exit_code.get(), 0);
}

// Asks until the answer to `method` satisfies `wanted`: what happens on other threads shows soon.
template <typename Wanted>
bool asks_until(Client& client, int& id, std::string_view method, const Json& params,
                Wanted wanted) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    if (wanted(client.ask(++id, method, params)["result"])) return true;
  }
  return false;
}

TEST(Standalone, ReadsTheWorkspaceAndFollowsItsFiles) {
  const workspace::TemporaryFolder folder;
  folder.write("shapes.py", "def rectangle_area(width, height):\n    return width * height\n");
  const Pipes pipes;
  std::future<int> exit_code = run_in_thread(pipes, {}, RONDO_SOURCE_DIR "/models/loopcoder-mini");
  Client client(pipes.to_client[0], pipes.to_server[1]);
  Json initialize = kInitialize;
  initialize["rootUri"] = uri_of_path(folder.path().string());
  client.ask(1, "initialize", initialize);
  client.send(notification_message("initialized", Json::object()));
  int id = 1;
  EXPECT_TRUE(asks_until(client, id, "rondo/status", nullptr, [](const Json& status) {
    return status["index"]["state"] == "ready" && status["model"]["state"] == "ready";
  }));

  const std::string uri = uri_of_path((folder.path() / "main.py").string());
  client.send(did_open(uri, "from shapes import rectangle_area\n\nprint(rectangle_area(2, "));
  const auto uses = [&](const std::string& path) {
    const Json answer = client.ask(++id, "textDocument/inlineCompletion", at(uri, 2, 24))["result"];
    EXPECT_TRUE(answer.is_object()) << answer.dump();
    const Json why = client.ask(++id, "rondo/why", at(uri, 0, 0))["result"];
    for (const Json& block : why["blocks"]) {
      if (block["path"] == path) return true;
    }
    return false;
  };
  EXPECT_TRUE(uses("shapes.py"));
  // The client cannot watch files, so the server does.
  folder.write("more.py", "def rectangle_area(a, b, c):\n    return a * b * c\n");
  bool seen = false;
  for (int i = 0; i < 200 && !seen; ++i) seen = uses("more.py");
  EXPECT_TRUE(seen);
  client.hang_up();
  EXPECT_EQ(exit_code.get(), 1);
}

TEST(Standalone, StaysUpWithoutAModelAndSaysWhy) {
  const Pipes pipes;
  std::future<int> exit_code = run_in_thread(pipes, {}, "/no/such/model");
  Client client(pipes.to_client[0], pipes.to_server[1]);
  client.send(request_message(RequestId(1), "initialize", kInitialize));
  EXPECT_EQ(client.receive()["id"], 1);
  const Json message = client.receive();
  EXPECT_EQ(message["method"], "window/showMessage");
  EXPECT_NE(message.dump().find("/no/such/model"), std::string::npos) << message.dump();
  client.send(did_open("file:///w/a.py", "x = "));
  const Json answer = client.ask(2, "textDocument/inlineCompletion", at("file:///w/a.py", 0, 4));
  EXPECT_EQ(answer["result"]["items"], Json::array());
  client.hang_up();
  EXPECT_EQ(exit_code.get(), 1);
}

}  // namespace
}  // namespace rondo::lsp
