// An editor for tests: the other end of a conversation with a server, over descriptors; it blocks.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/json_rpc.h"
#include "lsp/transport.h"

namespace rondo::lsp {

class Client {
 public:
  Client(int input, int output) : input_(input), output_(output) {}
  ~Client() { hang_up(); }

  void send(const Json& message) { send_bytes(frame_message(dump_json(message))); }

  void send_bytes(std::string_view bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = ::write(output_, bytes.data() + sent, bytes.size() - sent);
      ASSERT_GT(n, 0);
      sent += static_cast<size_t>(n);
    }
  }

  // Null at the end of the stream.
  Json receive() {
    std::array<char, 1 << 16> buffer;
    while (frames_.empty()) {
      const ssize_t n = ::read(input_, buffer.data(), buffer.size());
      if (n <= 0) return {};
      for (Frame& frame : reader_.feed({buffer.data(), static_cast<size_t>(n)})) {
        frames_.push_back(std::move(frame));
      }
    }
    const std::string text = std::move(frames_.front().text);
    frames_.pop_front();
    return *parse_json(text, "a message of the server");
  }

  // The answer; what the server says of itself meanwhile is kept in heard().
  Json ask(int id, std::string_view method, Json params) {
    send(request_message(RequestId(id), method, std::move(params)));
    Json message = receive();
    for (; message.contains("method"); message = receive()) heard_.push_back(std::move(message));
    return message;
  }

  // The next `n` answers, by id; fewer at the end of the stream.
  std::map<int, Json> answers(size_t n) {
    std::map<int, Json> all;
    while (all.size() < n) {
      const Json message = receive();
      if (message.is_null()) break;
      if (!message.contains("method")) all[message["id"].get<int>()] = message;
    }
    return all;
  }

  const std::vector<Json>& heard() const { return heard_; }

  void hang_up() {
    if (output_ >= 0) ::close(output_);
    if (input_ >= 0 && input_ != output_) ::close(input_);
    input_ = output_ = -1;
  }

 private:
  int input_;
  int output_;
  FrameReader reader_;
  std::deque<Frame> frames_;
  std::vector<Json> heard_;
};

struct Pipes {
  std::array<int, 2> to_server;
  std::array<int, 2> to_client;
  Pipes() {
    EXPECT_EQ(::pipe2(to_server.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(to_client.data(), O_CLOEXEC), 0);
  }
};

inline const Json kInitialize = {
    {"capabilities", {{"textDocument", {{"inlineCompletion", Json::object()}}}}}};

// The same of an editor that shows actions which are disabled, and resolves what it takes.
inline Json initialize_with_actions() {
  Json params = kInitialize;
  params["capabilities"]["workspace"]["workspaceEdit"]["documentChanges"] = true;
  params["capabilities"]["textDocument"]["codeAction"] = {
      {"codeActionLiteralSupport", {{"codeActionKind", {{"valueSet", {"quickfix"}}}}}},
      {"dataSupport", true},
      {"disabledSupport", true},
      {"resolveSupport", {{"properties", {"edit"}}}}};
  return params;
}

inline Json did_open(const std::string& uri, const std::string& text,
                     const std::string& language = "c") {
  return notification_message(
      "textDocument/didOpen",
      {{"textDocument", {{"uri", uri}, {"languageId", language}, {"version", 1}, {"text", text}}}});
}

inline Json at(const std::string& uri, int line, int character) {
  return {{"textDocument", {{"uri", uri}}},
          {"position", {{"line", line}, {"character", character}}}};
}

}  // namespace rondo::lsp
