#include "lsp/replay.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "base/file_descriptor.h"
#include "engine/scripted_engine.h"
#include "lsp/conversation.h"
#include "lsp/engine_keeper.h"
#include "lsp/json_rpc.h"
#include "lsp/loop.h"
#include "lsp/protocol.h"
#include "lsp/transport.h"

namespace rondo::lsp {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = RecordedEvent::Kind;

std::string method_of(const Json& message) {
  return json_get<std::string>(message, "method").value_or("");
}
bool is_request(const Json& message) {
  return message.contains("method") && message.contains("id");
}
bool is_response(const Json& message) {
  return !message.contains("method") && message.contains("id");
}

// What of an answer is compared.
Json compared(const std::string& method, Json message) {
  message.erase("id");
  message.erase("jsonrpc");
  if (method == method::kInitialize && message.contains("result") && message["result"].is_object())
    message["result"].erase("serverInfo");
  return message;
}

// An editor that says what it said before. It answers the server's requests as it did then, each
// kind in its order.
class Editor {
 public:
  Editor(std::string name, FileDescriptor socket)
      : name_(std::move(name)), socket_(std::move(socket)) {}

  const std::string& name() const { return name_; }
  void will_answer(const std::string& method, Json response) {
    responses_[method].push_back(std::move(response));
  }
  void sent_before(const Json& request) { methods_[dump_json(request["id"])] = method_of(request); }
  std::string method_of_id(const Json& id) const {
    const auto found = methods_.find(dump_json(id));
    return found == methods_.end() ? "" : found->second;
  }

  void send(const Json& message) {
    const std::string bytes = frame_message(dump_json(message));
    for (std::string_view rest = bytes; !rest.empty();) {
      const ssize_t n = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;  // the server has ended the conversation
      rest.remove_prefix(static_cast<size_t>(n));
    }
  }
  // The server's answer to `id`; nothing when none comes in time.
  std::optional<Json> wait_for(const Json& id, Clock::time_point deadline) {
    const std::string key = dump_json(id);
    while (!answers_.contains(key)) {
      if (!read(deadline)) return std::nullopt;
    }
    return answers_.at(key);
  }
  void hang_up() { socket_.reset(); }

 private:
  bool read(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ready = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 1 << 16> buffer;
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) return false;
    for (const Frame& frame : reader_.feed({buffer.data(), static_cast<size_t>(n)})) {
      const Result<Json> message = parse_json(frame.text, "a message of the server");
      if (message.ok()) take(*message);
    }
    return true;
  }

  void take(const Json& message) {
    if (is_response(message)) answers_[dump_json(message["id"])] = message;
    if (!is_request(message)) return;
    std::deque<Json>& known = responses_[method_of(message)];
    Json response = {{"jsonrpc", "2.0"}, {"result", nullptr}};
    if (!known.empty()) {
      response = std::move(known.front());
      known.pop_front();
    }
    response["id"] = message["id"];
    send(response);
  }

  const std::string name_;
  FileDescriptor socket_;
  FrameReader reader_;
  std::map<std::string, std::deque<Json>> responses_;  // by method
  std::map<std::string, std::string> methods_;         // of its requests, by id
  std::map<std::string, Json> answers_;                // by id
};

// The server, on a thread of its own.
class ReplayServer {
 public:
  // Serves these sockets, by the clients' names.
  ReplayServer(const ReplayOptions& options, std::unique_ptr<RecordedAnswers> answers,
               std::map<std::string, FileDescriptor> sockets)
      : thread_(
            [this, options, answers = std::move(answers), sockets = std::move(sockets)]() mutable {
              run(options, std::move(answers), std::move(sockets));
            }) {}
  // REQUIRES: all clients have hung up.
  ~ReplayServer() { thread_.join(); }

  // Once it is there; it lives as long as a client.
  Result<engine::ScriptedEngine*> engine() { return engine_.get_future().get(); }

 private:
  void run(const ReplayOptions& options, std::unique_ptr<RecordedAnswers> answers,
           std::map<std::string, FileDescriptor> sockets) {
    Loop loop;
    const auto load =
        [this,
         &answers](const engine::EngineOptions& wanted) -> Result<std::unique_ptr<engine::Engine>> {
      auto engine = engine::ScriptedEngine::create(wanted.model, std::move(answers));
      Status status = engine.status();
      if (engine.ok() && !(*engine)->config().fim)
        status = invalid_argument_error(wanted.model + " does not fill in the middle");
      engine_.set_value(status.ok() ? Result<engine::ScriptedEngine*>(engine->get())
                                    : Result<engine::ScriptedEngine*>(status));
      if (!status.ok()) return status;
      return std::unique_ptr<engine::Engine>(std::move(*engine));
    };
    EngineKeeper keeper(loop, {.engine = {.model = options.model}, .load = load});
    std::vector<std::unique_ptr<Conversation>> conversations;
    size_t n_open = sockets.size();
    const auto finished = [&] {
      if (--n_open == 0) loop.close();
    };
    for (auto& [name, socket] : sockets) {
      const int output = ::dup(socket.get());
      conversations.push_back(
          std::make_unique<Conversation>(loop,
                                         ConversationOptions{.server = {.version = options.version,
                                                                        .input = socket.release(),
                                                                        .output = output,
                                                                        .watch_editor = false},
                                                             .client = name,
                                                             .log = [](const std::string&) {}},
                                         ServerEvents{.finished = finished}));
      (void)!conversations.back()->server().start().ok();
    }
    keeper.want([&](const Result<engine::Engine*>& engine) {
      for (const auto& conversation : conversations)
        conversation->engine_loaded(engine, keeper.abilities());
    });
    loop.run();
  }

  std::promise<Result<engine::ScriptedEngine*>> engine_;
  std::thread thread_;
};

class Replayer {
 public:
  Replayer(const Recording& recording, const ReplayOptions& options)
      : recording_(recording), options_(options) {}

  // One end of each client's socket; the other end is returned.
  std::map<std::string, FileDescriptor> connect() {
    std::map<std::string, FileDescriptor> others;
    for (const RecordedEvent& event : recording_.events) {
      if (event.kind == Kind::kAnswer || editors_.contains(event.client)) continue;
      std::array<int, 2> pair = {-1, -1};
      CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0,
            "a pair of sockets can be had");
      editors_.emplace(event.client,
                       std::make_unique<Editor>(event.client, FileDescriptor(pair[0])));
      others[event.client].reset(pair[1]);
    }
    learn_responses();
    return others;
  }

  ReplayReport run(engine::ScriptedEngine& engine) {
    int64_t n_done = 0;
    for (const RecordedEvent& event : recording_.events) {
      engine.advance(begins(event.n));
      step(event);
      engine.advance(ends(event.n));
      if (options_.progress)
        options_.progress(++n_done, static_cast<int64_t>(recording_.events.size()));
    }
    settle();
    return std::move(report_);
  }

  void hang_up() {
    for (const auto& [name, editor] : editors_) editor->hang_up();
  }

 private:
  struct Expected {
    const RecordedEvent* event = nullptr;
    std::string method;
  };

  // What each client answered to the server's requests.
  void learn_responses() {
    std::map<std::pair<std::string, std::string>, std::string> methods;  // client, id
    for (const RecordedEvent& event : recording_.events) {
      if (event.kind == Kind::kOut && is_request(event.json))
        methods[{event.client, dump_json(event.json["id"])}] = method_of(event.json);
      if (event.kind != Kind::kIn || !is_response(event.json)) continue;
      const auto asked = methods.find({event.client, dump_json(event.json["id"])});
      if (asked != methods.end()) editors_.at(event.client)->will_answer(asked->second, event.json);
    }
  }

  void step(const RecordedEvent& event) {
    switch (event.kind) {
      case Kind::kIn:
        if (!is_response(event.json)) say(event);
        return;
      case Kind::kOut:
        if (is_response(event.json)) expect(event);
        return;
      case Kind::kLeft:
        ++report_.n_left_out;
        return;
      case Kind::kAnswer:
        return;
    }
  }

  // Sends a message when all is answered that was answered before it, and waits until it was read.
  void say(const RecordedEvent& event) {
    settle();
    Editor& editor = *editors_.at(event.client);
    ++report_.n_messages;
    if (is_request(event.json)) editor.sent_before(event.json);
    editor.send(event.json);
    if (method_of(event.json) == method::kExit) return;
    const Json ping = "replay " + std::to_string(event.n);
    editor.send(request_message(ping.get<std::string>(), method::kPing, nullptr));
    (void)editor.wait_for(ping, Clock::now() + options_.patience);
  }

  // An answer to what was left out does not come.
  void expect(const RecordedEvent& event) {
    const std::string method = editors_.at(event.client)->method_of_id(event.json["id"]);
    if (!method.empty()) expected_.push_back({&event, method});
  }

  void settle() {
    for (const Expected& expected : std::exchange(expected_, {})) {
      const RecordedEvent& event = *expected.event;
      const auto answer =
          editors_.at(event.client)->wait_for(event.json["id"], Clock::now() + options_.patience);
      if (!expected.method.starts_with("rondo/")) compare(expected, answer);
    }
  }

  void compare(const Expected& expected, const std::optional<Json>& answer) {
    ++report_.n_compared;
    Json recorded = compared(expected.method, expected.event->json);
    Json replayed = answer ? compared(expected.method, *answer) : Json();
    if (recorded == replayed) return;
    report_.differences.push_back({.n = expected.event->n,
                                   .client = expected.event->client,
                                   .method = expected.method,
                                   .recorded = std::move(recorded),
                                   .replayed = std::move(replayed)});
  }

  const Recording& recording_;
  const ReplayOptions& options_;
  std::map<std::string, std::unique_ptr<Editor>> editors_;  // by client
  std::vector<Expected> expected_;                          // and not compared yet
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport> replay(const Recording& recording, const ReplayOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<RecordedAnswers> answers, RecordedAnswers::create(recording));
  RecordedAnswers& source = *answers;  // goes with the engine
  Replayer replayer(recording, options);
  auto sockets = replayer.connect();
  if (sockets.empty()) return ReplayReport();
  ReplayServer server(options, std::move(answers), std::move(sockets));
  const Result<engine::ScriptedEngine*> engine = server.engine();
  Result<ReplayReport> report = ReplayReport();
  if (engine.ok()) {
    report = replayer.run(**engine);
    report->engine = source.tally();
  } else {
    report = engine.status();
  }
  replayer.hang_up();
  return report;
}

}  // namespace rondo::lsp
