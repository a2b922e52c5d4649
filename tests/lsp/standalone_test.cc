// The whole server with the embedded model.

#include "lsp/standalone.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/lsp/client.h"

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
