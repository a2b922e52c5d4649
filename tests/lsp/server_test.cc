// The server on real descriptors, with its loop on a thread of its own.

#include "lsp/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "tests/lsp/client.h"

namespace rondo::lsp {
namespace {

SessionHooks quiet_workspace() {
  return {.log = [](const std::string&) {},
          .set_folders = [](const std::vector<std::string>&) {},
          .files_changed = [](const std::vector<std::string>&) {},
          .document_changed = [](const workspace::DocumentSnapshot&) {},
          .document_closed = [](const workspace::DocumentSnapshot&) {},
          .read_configuration = [](const std::vector<std::string>&,
                                   auto done) { done(config::FileLayers()); },
          .prepare = [](assist::CompletionParams) {},
          .after_pause = [](std::chrono::milliseconds, const std::function<void()>&) {},
          .watch_files = [] {}};
}

// A server that runs until it ends by itself; its model says "x" to everything, on other threads.
class RunningServer {
 public:
  RunningServer(int input, int output) {
    exit_code_ = std::async(std::launch::async, [this, input, output] {
      Loop loop;
      Server server(loop, {.version = "1", .input = input, .output = output}, quiet_workspace(),
                    {.finished = [&loop] { loop.close(); }});
      loop.watch_signals([&server] { server.hang_up(); });
      std::vector<std::jthread> model;
      server.session().model_ready(
          [&model](assist::CompletionParams params, std::stop_token,
                   std::function<void(Result<assist::CompletionOutcome>)> done) {
            model.emplace_back([offset = params.offset, done = std::move(done)] {
              assist::CompletionOutcome outcome;
              outcome.candidates.push_back(
                  {.text = "x", .replace_begin = offset, .replace_end = offset});
              done(std::move(outcome));
            });
          });
      if (!server.start().ok()) return -1;
      loop.run();
      return server.exit_code();
    });
  }

  int exit_code() { return exit_code_.get(); }

 private:
  std::future<int> exit_code_;
};

TEST(Server, TalksOverPipesAndEndsWithExit) {
  const Pipes pipes;
  RunningServer server(pipes.to_server[0], pipes.to_client[1]);
  Client client(pipes.to_client[0], pipes.to_server[1]);
  EXPECT_EQ(client.ask(1, "initialize", kInitialize)["id"], 1);
  client.send(did_open("file:///a.c", "int "));
  const Json answer = client.ask(2, "textDocument/inlineCompletion", at("file:///a.c", 0, 4));
  EXPECT_EQ(answer["result"]["items"][0]["insertText"], "x");
  EXPECT_TRUE(client.ask(3, "shutdown", nullptr)["result"].is_null());
  client.send(notification_message("exit", nullptr));
  EXPECT_EQ(server.exit_code(), 0);
  EXPECT_TRUE(client.receive().is_null());
}

TEST(Server, TalksOverASocket) {
  std::array<int, 2> sockets;
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  RunningServer server(sockets[0], ::fcntl(sockets[0], F_DUPFD_CLOEXEC, 0));
  Client client(sockets[1], sockets[1]);
  EXPECT_EQ(client.ask(1, "initialize", kInitialize)["id"], 1);
  client.hang_up();
  EXPECT_EQ(server.exit_code(), 1);
}

TEST(Server, TalksToFiles) {
  const auto folder = std::filesystem::temp_directory_path();
  const std::string in = folder / ("rondo_server_in_" + std::to_string(::getpid()));
  const std::string out = folder / ("rondo_server_out_" + std::to_string(::getpid()));
  {
    std::ofstream file(in);
    for (const Json& message : {request_message(RequestId(1), "initialize", kInitialize),
                                request_message(RequestId(2), "shutdown", nullptr),
                                notification_message("exit", nullptr)}) {
      file << frame_message(dump_json(message));
    }
  }
  RunningServer server(::open(in.c_str(), O_RDONLY | O_CLOEXEC),
                       ::open(out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_EQ(server.exit_code(), 0);
  Client reader(::open(out.c_str(), O_RDONLY | O_CLOEXEC), -1);
  EXPECT_EQ(reader.receive()["id"], 1);
  EXPECT_EQ(reader.receive()["id"], 2);
  EXPECT_TRUE(reader.receive().is_null());
  std::filesystem::remove(in);
  std::filesystem::remove(out);
}

TEST(Server, TakesAMessageOf10Megabytes) {
  const Pipes pipes;
  RunningServer server(pipes.to_server[0], pipes.to_client[1]);
  Client client(pipes.to_client[0], pipes.to_server[1]);
  client.ask(1, "initialize", kInitialize);
  client.send(did_open("file:///big.c", std::string(10 << 20, 'a')));
  const Json answer =
      client.ask(2, "textDocument/inlineCompletion", at("file:///big.c", 0, 10 << 20));
  EXPECT_EQ(answer["result"]["items"][0]["range"]["start"]["character"], 10 << 20);
  client.hang_up();
  EXPECT_EQ(server.exit_code(), 1);
}

TEST(Server, LeavesOutAMessageOf70MegabytesAndSaysSo) {
  const Pipes pipes;
  RunningServer server(pipes.to_server[0], pipes.to_client[1]);
  Client client(pipes.to_client[0], pipes.to_server[1]);
  client.ask(1, "initialize", kInitialize);
  // As editors write it: the text comes last.
  const std::string body =
      R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///huge.c","text":")" +
      std::string(70 << 20, 'a') + "\"}}}";
  const std::string bytes = frame_message(body);
  std::jthread writer([&] {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = ::write(pipes.to_server[1], bytes.data() + sent, bytes.size() - sent);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  });
  const Json warning = client.receive();
  EXPECT_EQ(warning["method"], "window/showMessage");
  EXPECT_NE(warning["params"]["message"].get<std::string>().find("file:///huge.c"),
            std::string::npos);
  writer.join();
  EXPECT_EQ(client.ask(2, "rondo/status", nullptr)["result"]["documents"], 0);
  client.hang_up();
  EXPECT_EQ(server.exit_code(), 1);
}

TEST(Server, EndsAtASignal) {
  const Pipes pipes;
  RunningServer server(pipes.to_server[0], pipes.to_client[1]);
  Client client(pipes.to_client[0], pipes.to_server[1]);
  client.ask(1, "initialize", kInitialize);
  std::raise(SIGTERM);
  EXPECT_TRUE(client.receive().is_null());
  EXPECT_EQ(server.exit_code(), 1);
}

TEST(Server, EndsWithTheEditor) {
  std::array<int, 2> lifeline;
  ASSERT_EQ(::pipe2(lifeline.data(), O_CLOEXEC), 0);
  const pid_t editor = ::fork();
  if (editor == 0) {  // lives until the lifeline is cut
    ::close(lifeline[1]);
    char byte;
    (void)!::read(lifeline[0], &byte, 1);
    ::_exit(0);
  }
  ::close(lifeline[0]);
  const Pipes pipes;
  RunningServer server(pipes.to_server[0], pipes.to_client[1]);
  Client client(pipes.to_client[0], pipes.to_server[1]);
  Json params = kInitialize;
  params["processId"] = editor;
  client.ask(1, "initialize", params);
  client.ask(2, "rondo/status", nullptr);
  ::close(lifeline[1]);
  EXPECT_EQ(server.exit_code(), 1);
  ::waitpid(editor, nullptr, 0);
}

TEST(Server, LivesOnWhenTheEditorIsNotHere) {
  const Pipes pipes;
  RunningServer server(pipes.to_server[0], pipes.to_client[1]);
  Client client(pipes.to_client[0], pipes.to_server[1]);
  Json params = kInitialize;
  params["processId"] = 0x7ffffffe;  // of another container
  client.ask(1, "initialize", params);
  EXPECT_EQ(client.ask(2, "rondo/status", nullptr)["id"], 2);
  client.hang_up();
  EXPECT_EQ(server.exit_code(), 1);
}

TEST(Server, RefusesADescriptorThatIsClosed) {
  Loop loop;
  const int output = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Server server(loop, {.version = "1", .input = 9999, .output = output}, quiet_workspace(),
                {.finished = [&loop] { loop.close(); }});
  const Status status = server.start();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("9999"), std::string::npos);
  loop.run();
}

}  // namespace
}  // namespace rondo::lsp
