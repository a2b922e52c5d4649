#include "cli/measuring_editor.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "lsp/json_rpc.h"
#include "lsp/protocol.h"
#include "lsp/spawn.h"
#include "lsp/uri.h"

namespace rondo::cli {
namespace {

using Clock = std::chrono::steady_clock;
namespace method = lsp::method;

constexpr std::chrono::seconds kPatience{300};  // for an answer
constexpr std::chrono::milliseconds kPause{50};

Json position(std::string_view text, int64_t offset) {
  const std::string_view before = text.substr(0, static_cast<size_t>(offset));
  const size_t line_end = before.rfind('\n');
  const size_t column =
      line_end == std::string_view::npos ? before.size() : before.size() - line_end - 1;
  return {{"line", std::count(before.begin(), before.end(), '\n')}, {"character", column}};
}

// The one change that makes `after` of `before`.
Json change_of(std::string_view before, std::string_view after) {
  const size_t least = std::min(before.size(), after.size());
  const size_t head =
      std::mismatch(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(least),
                    after.begin())
          .first -
      before.begin();
  size_t tail = 0;
  while (tail < least - head && before[before.size() - tail - 1] == after[after.size() - tail - 1])
    ++tail;
  return {{"range",
           {{"start", position(before, static_cast<int64_t>(head))},
            {"end", position(before, static_cast<int64_t>(before.size() - tail))}}},
          {"text", after.substr(head, after.size() - tail - head)}};
}

}  // namespace

Result<std::unique_ptr<MeasuringEditor>> MeasuringEditor::start(
    const std::vector<std::string>& words, const std::string& folder) {
  std::array<int, 2> pair = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
    return unavailable_error("no pair of sockets can be had");
  FileDescriptor ours(pair[0]);
  const FileDescriptor theirs(pair[1]);
  ASSIGN_OR_RETURN(const pid_t process, lsp::spawn(words, theirs.get()));
  std::unique_ptr<MeasuringEditor> editor(new MeasuringEditor(process, std::move(ours)));
  const Json inline_completion = {{"textDocument", {{"inlineCompletion", Json::object()}}}};
  RETURN_IF_ERROR(editor
                      ->request(method::kInitialize, {{"processId", nullptr},
                                                      {"rootUri", lsp::uri_of_path(folder)},
                                                      {"capabilities", inline_completion}})
                      .status());
  RETURN_IF_ERROR(editor->notify(method::kInitialized, Json::object()));
  return editor;
}

MeasuringEditor::~MeasuringEditor() {
  socket_.reset();
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
}

Status MeasuringEditor::wait_until_ready() {
  for (const auto end = Clock::now() + kPatience; Clock::now() < end;
       std::this_thread::sleep_for(kPause)) {
    ASSIGN_OR_RETURN(const Json status, request(method::kStatus, Json::object()));
    const Json& model = status["model"];
    if (model["state"] == "failed")
      return unavailable_error(json_get<std::string>(model, "message").value_or("no model"));
    if (model["state"] == "ready" && status["index"]["state"] == "ready") return {};
  }
  return unavailable_error("the workspace was not read in time");
}

Status MeasuringEditor::open(const std::string& path, std::string text) {
  if (!uri_.empty())
    RETURN_IF_ERROR(notify(method::kDidClose, {{"textDocument", {{"uri", uri_}}}}));
  uri_ = lsp::uri_of_path(path);
  text_ = std::move(text);
  return notify(method::kDidOpen,
                {{"textDocument",
                  {{"uri", uri_}, {"languageId", ""}, {"version", ++version_}, {"text", text_}}}});
}

Status MeasuringEditor::change(std::string text) {
  if (text == text_) return {};
  const Json change = change_of(text_, text);
  text_ = std::move(text);
  return notify(method::kDidChange, {{"textDocument", {{"uri", uri_}, {"version", ++version_}}},
                                     {"contentChanges", Json::array({change})}});
}

Result<double> MeasuringEditor::suggest(int64_t offset, Asked asked) {
  const Json params = {{"textDocument", {{"uri", uri_}}},
                       {"position", position(text_, offset)},
                       {"context", {{"triggerKind", asked == Asked::kByTyping ? 2 : 1}}}};
  const auto begin = Clock::now();
  ASSIGN_OR_RETURN(const Json answer, request(method::kInlineCompletion, params));
  const std::chrono::duration<double, std::milli> time = Clock::now() - begin;
  if (answer.is_object() && !answer["items"].empty()) ++n_suggestions_;
  return time.count();
}

Status MeasuringEditor::send(const Json& message) {
  const std::string bytes = lsp::frame_message(dump_json(message));
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t n = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return unavailable_error("the server has ended");
    rest.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status MeasuringEditor::notify(std::string_view method, Json params) {
  return send(lsp::notification_message(method, std::move(params)));
}

// The result; what the server asks meanwhile is answered with null.
Result<Json> MeasuringEditor::request(std::string_view method, Json params) {
  const int64_t id = ++last_id_;
  RETURN_IF_ERROR(send(lsp::request_message(id, method, std::move(params))));
  while (true) {
    ASSIGN_OR_RETURN(Json message, receive());
    if (message.contains("method")) {
      if (message.contains("id"))
        RETURN_IF_ERROR(send({{"jsonrpc", "2.0"}, {"id", message["id"]}, {"result", nullptr}}));
    } else if (message["id"] == id) {
      if (message.contains("error"))
        return unavailable_error("the server answers: " + dump_json(message["error"]));
      return std::move(message["result"]);
    }
  }
}

Result<Json> MeasuringEditor::receive() {
  std::array<char, 1 << 16> buffer;
  while (frames_.empty()) {
    pollfd ready = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const auto patience = std::chrono::milliseconds(kPatience);
    if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0)
      return unavailable_error("the server does not answer");
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) return unavailable_error("the server has ended");
    frames_ = reader_.feed({buffer.data(), static_cast<size_t>(n)});
    std::reverse(frames_.begin(), frames_.end());
  }
  const std::string text = std::move(frames_.back().text);
  frames_.pop_back();
  return parse_json(text, "a message of the server");
}

}  // namespace rondo::cli
