// Input that no editor should send and files that no one should have: after each of them the whole
// server, with the embedded model, is up and the next completion is made.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/lsp/real_server.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

using testing::HasSubstr;

class BadInput : public testing::Test {
 protected:
  void begin() {
    folder_.write("shapes.py", "def rectangle_area(width, height):\n    return width * height\n");
    server_.begin(folder_.path());
    server_.client.send(did_open(uri("main.py"), "print(rectangle_area(2, "));
  }

  // After each test: the next completion is made, with context.
  void TearDown() override {
    const std::string line = "\nprint(rectangle_area(3, ";
    const Json end = {{"line", 0}, {"character", 24}};
    change("main.py", 2, {{"range", {{"start", end}, {"end", end}}}, {"text", line}});
    const Json answer = server_.complete(uri("main.py"), 1, 24);
    EXPECT_FALSE(answer["items"].empty()) << answer.dump();
    EXPECT_TRUE(soon([this] { return server_.uses(uri("main.py"), 1, 24, "shapes.py"); }));
    EXPECT_EQ(server_.hang_up(), 1);
  }

  std::string uri(const std::string& path) { return uri_of_path((folder_.path() / path).string()); }

  void change(const std::string& path, int version, const Json& change) {
    server_.client.send(notification_message(
        "textDocument/didChange", {{"textDocument", {{"uri", uri(path)}, {"version", version}}},
                                   {"contentChanges", Json::array({change})}}));
  }

  // A completion there is answered, if by nothing.
  void expect_answer(const std::string& path, int line, int character) {
    const Json answer = server_.complete(uri(path), line, character);
    EXPECT_TRUE(answer["items"].is_array()) << answer.dump();
  }

  std::string said() {
    std::string all;
    for (const Json& message : server_.client.heard()) all += message.dump() + "\n";
    return all;
  }

  workspace::TemporaryFolder folder_;
  RealServer server_;
};

TEST_F(BadInput, AFileOf200MegabytesInOneLine) {
  const std::string megabyte(1 << 20, 'a');
  {
    std::ofstream file(folder_.path() / "huge.py", std::ios::binary);
    for (int i = 0; i < 200; ++i) file << megabyte;
  }
  begin();
  // As an editor opens it. The message is too large; the user is told, and it is not open.
  server_.client.send_bytes(frame_message(
      R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":")" +
      uri("huge.py") + R"(","text":")" + std::string(200 << 20, 'a') + "\"}}}"));
  const Json answer = server_.complete(uri("huge.py"), 0, 200 << 20);
  EXPECT_THAT(answer.dump(), HasSubstr("is not open"));
  EXPECT_THAT(said(), HasSubstr("too large"));
}

TEST_F(BadInput, AMessageOf10MegabytesInOneLine) {
  begin();
  server_.client.send(did_open(uri("long.py"), "x = " + std::string(10 << 20, 'a')));
  expect_answer("long.py", 0, 10 << 20);
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::mt19937 random(1);
  std::string data;
  for (int i = 0; i < 4 << 20; ++i) data += kDigits[random() % kDigits.size()];
  server_.client.send(did_open(uri("base64.py"), "x = '" + data + "'\n"));
  expect_answer("base64.py", 1, 0);
}

TEST_F(BadInput, BinaryFiles) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
  folder_.write("binary.py", bytes);
  folder_.write("zeros.c", std::string(5000, '\0'));
  begin();
  server_.client.send(did_open(uri("binary.py"), bytes));  // what is no UTF-8 arrives as U+FFFD
  server_.client.send(did_open(uri("zeros.c"), std::string(5000, '\0')));
  expect_answer("binary.py", 3, 3);
  expect_answer("zeros.c", 0, 2500);
}

TEST_F(BadInput, FilesThatAreDeleted) {
  folder_.write("gone.py", "def rectangle_area(gone):\n    return gone\n");
  begin();
  server_.client.send(did_open(uri("gone.py"), "def rectangle_area(gone):\n    return gone\n"));
  std::filesystem::remove(folder_.path() / "gone.py");
  server_.client.send(notification_message(
      "workspace/didChangeWatchedFiles",
      {{"changes",
        {{{"uri", uri("gone.py")}, {"type", 3}}, {{"uri", uri("never.py")}, {"type", 3}}}}}));
  expect_answer("gone.py", 1, 4);  // the editor still shows it
  server_.client.send(
      notification_message("textDocument/didClose", {{"textDocument", {{"uri", uri("gone.py")}}}}));
  EXPECT_TRUE(soon([this] { return !server_.uses(uri("main.py"), 0, 24, "gone.py"); }));
  expect_answer("main.py", 0, 24);
}

TEST_F(BadInput, TheWorkspaceFolderIsDeleted) {
  begin();
  server_.client.send(did_open(uri("shapes.py"), "def rectangle_area(w, h):\n    return w * h\n"));
  std::filesystem::remove_all(folder_.path());
  expect_answer("main.py", 0, 24);
}

TEST_F(BadInput, DocumentsEditedOutOfOrder) {
  begin();
  server_.client.send(did_open(uri("a.py"), "one\ntwo\n"));
  const auto range = [](int from, int to) {
    return Json{{"start", {{"line", from}, {"character", 0}}},
                {"end", {{"line", to}, {"character", 0}}}};
  };
  change("a.py", 5, {{"range", range(0, 1)}, {"text", "1\n"}});
  change("a.py", 4, {{"range", range(0, 1)}, {"text", "older\n"}});
  expect_answer("a.py", 1, 0);
  EXPECT_THAT(said(), HasSubstr("Rondo suggests nothing in this file until you save it"));
  change("a.py", 6, {{"text", "whole\n"}});
  EXPECT_THAT(server_.complete(uri("a.py"), 0, 5).dump(), HasSubstr("items"));
  change("a.py", 7, {{"range", range(9, 3)}, {"text", "reversed"}});
  change("a.py", 8, {{"range", range(1 << 30, 1 << 30)}, {"text", "far away"}});
  change("never-opened.py", 2, {{"text", "x"}});
  expect_answer("a.py", 1 << 30, 1 << 30);
}

TEST_F(BadInput, FramesThatAreNone) {
  begin();
  const std::string header = "Content-Length: ";
  for (const std::string& bytes :
       {std::string("garbage\r\n\r\n"), header + "-5\r\n\r\n{}", header + "x\r\n\r\n{}",
        header + "99999999999999\r\n\r\n{}", header + "3\r\n" + header + "4\r\n\r\n{}",
        std::string("Content-Type: x\r\n\r\n{}"), std::string(100'000, 'z'),
        "\r\n" + header + "5\r\n\r\n{\"a\":", "X: " + header + "3" + header + "2\r\n\r\n{}"}) {
    server_.client.send_bytes(bytes);
    const Json refusal = server_.client.receive();
    EXPECT_LE(refusal["error"]["code"], -32600) << refusal.dump();
    EXPECT_TRUE(refusal["id"].is_null());
    EXPECT_EQ(server_.ask("rondo/status", nullptr)["model"]["state"], "ready")
        << bytes.substr(0, 80);
  }
}

TEST_F(BadInput, MessagesThatAreNone) {
  begin();
  for (const char* body :
       {"", "5", "null", "[]", "{}", "{\"jsonrpc\":\"2.0\"}", "{\"id\":{}, \"method\":\"x\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"rondo/status\"}", "\xff\xfe\x01",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"rondo/status\",\"params\":3}"}) {
    server_.client.send_bytes(frame_message(body));
    EXPECT_LE(server_.client.receive()["error"]["code"], -32600) << body;
  }
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  server_.client.send_bytes(frame_message(deep));
  EXPECT_LE(server_.client.receive()["error"]["code"], -32600);
  const std::string nested =
      "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didOpen\",\"params\":" + deep + "}";
  server_.client.send_bytes(frame_message(nested));
}

TEST_F(BadInput, UnknownMethods) {
  begin();
  EXPECT_EQ(server_.ask("textDocument/hover", at(uri("main.py"), 0, 0))["error"]["code"], -32601);
  EXPECT_EQ(server_.ask("", nullptr)["error"]["code"], -32601);
  EXPECT_EQ(server_.ask("$/unknown", nullptr)["error"]["code"], -32601);
  server_.client.send(notification_message("$/unknown", nullptr));
  server_.client.send(notification_message("textDocument/willSave", {{"textDocument", 5}}));
  for (const char* method : {"textDocument/didOpen", "textDocument/didChange", "rondo/cursor",
                             "textDocument/didClose", "workspace/didChangeWorkspaceFolders",
                             "workspace/didChangeWatchedFiles", "$/cancelRequest", "$/setTrace"}) {
    server_.client.send(notification_message(method, {{"textDocument", "x"},
                                                      {"changes", 1},
                                                      {"event", 1},
                                                      {"id", Json::object()},
                                                      {"value", 1}}));
  }
}

TEST(BadModel, AFolderThatIsNoModelIsNamedWithTheReason) {
  const workspace::TemporaryFolder folder;
  folder.write("config.json", "{\"architectures\":[\"Unheard\"]}");
  RealServer server(folder.path().string());
  server.ask("initialize", kInitialize);
  const auto told = [&] {
    std::string all = server.ask("rondo/status", nullptr)["model"].dump();
    return all.find(folder.path().string()) != std::string::npos;
  };
  EXPECT_TRUE(soon(told));
  server.client.send(did_open("file:///w/a.py", "x = "));
  EXPECT_EQ(server.complete("file:///w/a.py", 0, 4)["items"], Json::array());
  EXPECT_EQ(server.hang_up(), 1);
}

}  // namespace
}  // namespace rondo::lsp
