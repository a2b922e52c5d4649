#include "lsp/forwarder.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "lsp/channel.h"
#include "lsp/client_memory.h"
#include "lsp/loop.h"
#include "lsp/loop_handles.h"
#include "lsp/transport.h"
#include "lsp/uri.h"

namespace rondo::lsp {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kRestarted = "Rondo's daemon was restarted";

bool asks_for_suggestions(std::string_view method) {
  return method == method::kInlineCompletion || method == method::kCompletion;
}

// Large messages pass; the daemon says what it thinks of them.
FrameReader new_reader() {
  FrameLimits limits;
  limits.body_bytes = limits.credible_bytes;
  return FrameReader(limits);
}

// The connection to one daemon.
struct Link {
  Link(Loop& loop, Channel::Events events) : channel(loop.uv(), std::move(events)) {}
  Channel channel;
  FrameReader reader = new_reader();
  bool ending = false;  // the daemon has said that it ends: it is asked nothing more
};

// A request of the client that has no answer yet.
struct Asked {
  std::string method;
  std::string uri;     // of the document, if it is about one
  std::string body;    // for the next daemon; empty: that one will not be asked
  bool again = false;  // a daemon has died of it, perhaps
};

class Forwarder {
 public:
  explicit Forwarder(const ForwarderOptions& options);
  int run(FileDescriptor daemon);

 private:
  // From the client.
  void from_client(std::string_view bytes);
  void take(Frame frame);
  void take(const Request& request, std::string body);
  void take(const Notification& notification, const std::string& body);
  void take(const Response& response);
  void tell_missing(const std::vector<WorkspaceFolder>& folders);
  void hold(const RequestId& id, Asked asked);
  void let_go(const std::string& uri, std::string_view method);
  bool cancel_held(const Json& params);

  // From the daemon.
  void from_daemon(Link& link, std::string_view bytes);
  void pass(const std::string& body);
  void pass(Request request);
  bool is_for_us(const Response& response);
  bool is_for_us(const Notification& notification);

  // The daemon comes and goes.
  void connect(FileDescriptor socket);
  void lost(Link& link);
  void answer_what_was_under_way();
  void end_progress();
  void ping();
  void reach();
  void reached(Result<FileDescriptor> socket);
  void failed(const std::string& reason);
  void give_up(const std::string& reason);
  void forget_initialize();

  bool can_ask() const { return link_ && !link_->ending; }
  RequestId own_id(const char* what) const {
    return std::string("rondo/") + what + (options_.client_is_remote ? "/remote" : "");
  }
  void to_client(const Json& message) { client_.write(frame_message(dump_json(message))); }
  void to_daemon(std::string_view body) { link_->channel.write(frame_message(body)); }
  void answer_with_nothing(const RequestId& id, const std::string& method);
  void watch_editor(int64_t process_id);
  void hang_up() { finish(was_shut_down_ ? 0 : 1); }
  void finish(int exit_code);

  const ForwarderOptions options_;
  // Of our own requests; no editor uses them, and no other forwarder.
  const RequestId retold_ = own_id("retold"), ping_id_ = own_id("ping");

  Loop loop_;
  Channel client_;
  FrameReader client_reader_ = new_reader();
  ClientMemory memory_;
  std::optional<RequestId> initialize_id_;  // of the client, while it waits for the answer
  bool was_shut_down_ = false;
  bool finished_ = false;
  int exit_code_ = 1;

  std::unique_ptr<Link> link_;                      // null while there is no daemon
  std::map<Link*, std::unique_ptr<Link>> closing_;  // until their channels are closed
  std::map<RequestId, Asked> under_way_;            // in the daemon
  std::deque<std::pair<RequestId, Asked>> held_;    // until there is one
  std::map<RequestId, RequestId> ours_;  // of the present daemon's requests: our id, its own
  int64_t n_asked_ = 0;                  // requests to the client
  std::set<std::string> progress_;       // tokens of progress that the client shows
  std::set<std::string> registered_;     // params of what the client was asked to register

  std::deque<Clock::time_point> failures_;
  std::string problem_;  // why it was given up; empty: it was not
  bool told_ = false;    // and the user knows
  std::optional<Timer> retry_;
  std::optional<Timer> ping_;  // runs while one has no answer
  bool pinged_ = false;
  bool reaching_ = false;
  std::jthread reacher_;  // last: ends before what it uses goes
};

Forwarder::Forwarder(const ForwarderOptions& options)
    : options_(options),
      client_(loop_.uv(), {.bytes = [this](std::string_view bytes) { from_client(bytes); },
                           .end = [this] { hang_up(); },
                           .closed = {}}),
      memory_([](const std::string& line) { spdlog::info("{}", line); }),
      retry_(std::in_place, loop_),
      ping_(std::in_place, loop_) {}

int Forwarder::run(FileDescriptor daemon) {
  std::signal(SIGPIPE, SIG_IGN);  // who is gone is an error of write()
  loop_.watch_signals([this] { hang_up(); });
  if (const Status status = client_.open(options_.input, options_.output); !status.ok()) {
    spdlog::error("{}", status.message());
    finish(1);
  } else {
    if (options_.client_process_id) watch_editor(*options_.client_process_id);
    connect(std::move(daemon));
  }
  loop_.run();
  return exit_code_;
}

// ---- from the client -------------------------------------------------------------------------

void Forwarder::from_client(std::string_view bytes) {
  for (Frame& frame : client_reader_.feed(bytes)) {
    if (finished_) return;  // what follows `exit` is not read
    take(std::move(frame));
  }
}

void Forwarder::take(Frame frame) {
  if (frame.kind != Frame::Kind::kMessage) {
    return to_client(error_message(std::nullopt, {ErrorCode::kParseError, frame.text}));
  }
  if (frame.size_bytes > FrameLimits().body_bytes) {
    const MessageHead head = read_message_head(frame.text);
    memory_.told(head);
    if (can_ask()) return to_daemon(frame.text);
    if (head.id) to_client(error_message(head.id, {ErrorCode::kContentModified, kRestarted}));
    return;
  }
  const Message message = read_message(frame.text);
  memory_.told(message, frame.text);
  if (const auto* request = std::get_if<Request>(&message)) {
    take(*request, std::move(frame.text));
  } else if (const auto* notification = std::get_if<Notification>(&message)) {
    take(*notification, frame.text);
  } else if (const auto* response = std::get_if<Response>(&message)) {
    take(*response);
  } else if (can_ask()) {
    to_daemon(frame.text);
  } else {
    const auto& invalid = std::get<InvalidMessage>(message);
    to_client(error_message(invalid.id, invalid.error));
  }
}

void Forwarder::take(const Request& request, std::string body) {
  if (request.method == method::kInitialize && !initialize_id_ && memory_.is_beginning()) {
    initialize_id_ = request.id;
    InitializeParams params;
    if (read_params(request.params, params).ok()) {
      if (params.process_id) watch_editor(*params.process_id);
      if (options_.client_is_remote) tell_missing(params.folders);
    }
  }
  if (request.method == method::kShutdown) was_shut_down_ = true;
  DocumentParams document;
  (void)read_params(request.params, document);
  const bool suggestions = asks_for_suggestions(request.method);
  if (suggestions) let_go(document.uri, request.method);
  Asked asked = {.method = request.method, .uri = std::move(document.uri)};
  if (!can_ask()) {
    asked.body = std::move(body);
    return hold(request.id, std::move(asked));
  }
  to_daemon(body);
  ping();
  if (suggestions) asked.body = std::move(body);
  under_way_[request.id] = std::move(asked);
}

// The editor's folders are on another machine, and only their paths come here.
void Forwarder::tell_missing(const std::vector<WorkspaceFolder>& folders) {
  std::array<char, 256> host = {};
  (void)::gethostname(host.data(), host.size() - 1);
  for (const WorkspaceFolder& folder : folders) {
    const std::optional<std::string> path = path_of_uri(folder.uri);
    std::error_code error;
    if (path && std::filesystem::is_directory(*path, error)) continue;
    const std::string sentence = "Rondo on " + std::string(host.data()) + " has no folder " +
                                 path.value_or(folder.uri) +
                                 ": it completes what is open, and reads no other file. --connect "
                                 "is for workspaces that have the same path on both machines.";
    spdlog::warn("{}", sentence);
    to_client(
        notification_message(method::kShowMessage, message_params(Severity::kWarning, sentence)));
  }
}

// Until there is a daemon.
void Forwarder::hold(const RequestId& id, Asked asked) {
  if (asked.method == method::kShutdown) return to_client(result_message(id, nullptr));
  if (!problem_.empty()) {
    if (initialize_id_ == id) forget_initialize();
    return answer_with_nothing(id, asked.method);
  }
  held_.emplace_back(id, std::move(asked));
  reach();
}

// There is a newer question by `method`, or (empty) the document is another one: what was asked
// before is pointless, as it would be for a server.
void Forwarder::let_go(const std::string& uri, std::string_view method) {
  const auto pointless = [&](const Asked& asked) {
    return asked.uri == uri && asks_for_suggestions(asked.method) &&
           (method.empty() || method == asked.method);
  };
  for (auto& [id, asked] : under_way_) {
    if (pointless(asked)) asked.body.clear();
  }
  std::erase_if(held_, [&](const auto& held) {
    if (!pointless(held.second)) return false;
    to_client(result_message(held.first, nullptr));
    return true;
  });
}

void Forwarder::take(const Notification& notification, const std::string& body) {
  if (notification.method == method::kExit) {
    if (link_) to_daemon(body);
    return hang_up();
  }
  if (notification.method == method::kCancelRequest && cancel_held(notification.params)) return;
  DocumentParams document;
  const bool changes =
      notification.method == method::kDidChange || notification.method == method::kDidClose;
  if (changes && read_params(notification.params, document).ok()) let_go(document.uri, {});
  if (link_) return to_daemon(body);  // one that ends may hear what its requests are about
  if (notification.method == method::kCursor && problem_.empty()) reach();
}

bool Forwarder::cancel_held(const Json& params) {
  CancelParams cancel;
  if (!read_params(params, cancel).ok()) return false;
  return std::erase_if(held_, [&](const auto& held) {
           if (held.first != cancel.id) return false;
           to_client(
               error_message(cancel.id, {ErrorCode::kRequestCancelled, "cancelled by the client"}));
           return true;
         }) > 0;
}

// The answer to something that a daemon asked; perhaps to one that is gone.
void Forwarder::take(const Response& response) {
  const auto asked = response.id ? ours_.find(*response.id) : ours_.end();
  if (asked == ours_.end()) return;
  const RequestId id = asked->second;
  ours_.erase(asked);
  to_daemon(dump_json(response.error ? error_message(id, *response.error)
                                     : result_message(id, response.result)));
}

// ---- from the daemon -------------------------------------------------------------------------

void Forwarder::from_daemon(Link& link, std::string_view bytes) {
  for (const Frame& frame : link.reader.feed(bytes)) {
    if (&link != link_.get() || finished_) return;
    if (frame.kind == Frame::Kind::kMessage) pass(frame.text);
  }
}

void Forwarder::pass(const std::string& body) {
  Message message = read_message(body);
  if (auto* request = std::get_if<Request>(&message)) return pass(std::move(*request));
  if (const auto* response = std::get_if<Response>(&message)) {
    if (is_for_us(*response)) return;
  } else if (const auto* notification = std::get_if<Notification>(&message)) {
    if (is_for_us(*notification)) return;
  }
  client_.write(frame_message(body));
}

// Every daemon counts from 1; and each registers anew what the client has registered already.
void Forwarder::pass(Request request) {
  if (request.method == method::kRegisterCapability &&
      !registered_.insert(dump_json(request.params)).second) {
    return to_daemon(dump_json(result_message(request.id, nullptr)));
  }
  const RequestId id = ++n_asked_;
  ours_[id] = request.id;
  to_client(request_message(id, request.method, std::move(request.params)));
}

bool Forwarder::is_for_us(const Response& response) {
  if (!response.id) return false;
  if (*response.id == retold_) return true;
  if (*response.id == ping_id_) {
    pinged_ = false;
    ping_->stop();
    return true;
  }
  under_way_.erase(*response.id);
  if (initialize_id_ && *response.id == *initialize_id_) {
    initialize_id_.reset();
    if (!response.error) memory_.initialized_with(response.result);
  }
  return false;
}

bool Forwarder::is_for_us(const Notification& notification) {
  if (notification.method == method::kEnding) {
    spdlog::info("the daemon ends");
    return link_->ending = true;
  }
  ProgressParams progress;
  if (notification.method == method::kProgress && read_params(notification.params, progress).ok()) {
    if (progress.begins) progress_.insert(progress.token);
    if (progress.ends) progress_.erase(progress.token);
  }
  return false;
}

// ---- the daemon comes and goes ---------------------------------------------------------------

void Forwarder::connect(FileDescriptor socket) {
  const int output = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0);
  auto self = std::make_shared<Link*>();  // known only once it is made
  link_ = std::make_unique<Link>(
      loop_, Channel::Events{
                 .bytes = [this, self](std::string_view bytes) { from_daemon(**self, bytes); },
                 .end = [this, self] { lost(**self); },
                 .closed = [this, self] { loop_.post([this, self] { closing_.erase(*self); }); }});
  Link& link = *(*self = link_.get());
  if (!link.channel.open(socket.release(), output).ok()) return lost(link);
  problem_.clear();
  for (const std::string& body : memory_.retell(initialize_id_.value_or(retold_))) to_daemon(body);
  if (initialize_id_) under_way_[*initialize_id_] = {.method = std::string(method::kInitialize)};
  for (auto& [id, asked] : std::exchange(held_, {})) {
    if (asked.method == method::kInitialize) continue;  // told already
    to_daemon(asked.body);
    if (asked.again || !asks_for_suggestions(asked.method)) asked.body.clear();
    under_way_[id] = std::move(asked);
  }
  ping();
}

// With each question, unless one is under way: a daemon that works on an answer for long says so by
// this one, and one that does not is lost.
void Forwarder::ping() {
  if (!link_ || std::exchange(pinged_, true)) return;
  to_daemon(dump_json(request_message(ping_id_, method::kPing, nullptr)));
  ping_->start(options_.answer_within, [this] {
    spdlog::warn("the daemon does not answer");
    if (link_) lost(*link_);
  });
}

void Forwarder::lost(Link& link) {
  if (&link != link_.get()) return;
  pinged_ = false;
  ping_->stop();
  const bool in_order = link.ending;
  link.channel.close();
  closing_[&link] = std::move(link_);
  ours_.clear();
  if (finished_) return;
  end_progress();
  answer_what_was_under_way();
  if (!in_order) return failed("the daemon died");
  if (!held_.empty() || initialize_id_) reach();
}

void Forwarder::answer_what_was_under_way() {
  for (auto& [id, asked] : std::exchange(under_way_, {})) {
    if (asked.method == method::kInitialize) continue;  // it is told to the next one
    if (!asked.body.empty()) {
      asked.again = true;
      held_.emplace_back(id, std::move(asked));
    } else if (asked.method == method::kShutdown || asks_for_suggestions(asked.method)) {
      to_client(result_message(id, nullptr));
    } else {
      to_client(error_message(id, {ErrorCode::kContentModified, kRestarted}));
    }
  }
}

void Forwarder::end_progress() {
  for (const std::string& token : std::exchange(progress_, {})) {
    to_client(notification_message(method::kProgress, progress_end(token, "")));
  }
}

void Forwarder::reach() {
  if (finished_ || link_ || std::exchange(reaching_, true)) return;
  reacher_ = std::jthread([this](std::stop_token stop) {
    const auto patience = Patience::for_at_most(options_.patience, std::move(stop));
    auto socket = std::make_shared<Result<FileDescriptor>>(options_.reach(Build::kAny, patience));
    loop_.post([this, socket] { reached(std::move(*socket)); });
  });
}

void Forwarder::reached(Result<FileDescriptor> socket) {
  reaching_ = false;
  if (!socket.ok()) return failed(socket.status().message());
  spdlog::info("connected to another daemon");
  connect(std::move(*socket));
}

void Forwarder::failed(const std::string& reason) {
  spdlog::warn("{}", reason);
  const Clock::time_point now = Clock::now();
  failures_.push_back(now);
  while (failures_.front() + options_.failure_window < now) failures_.pop_front();
  if (failures_.size() == 1) told_ = false;
  if (static_cast<int64_t>(failures_.size()) < options_.max_failures) return reach();
  give_up(reason);
  retry_->start(options_.retry_after, [this] { reach(); });
}

// The user is told once: what is tried again may fail again.
void Forwarder::give_up(const std::string& reason) {
  const std::string sentence = "Rondo suggests nothing now, because " + reason +
                               " again and again. Its log is " + options_.log_path +
                               "; it is tried again every now and then.";
  problem_ = sentence;
  for (const auto& [id, asked] : std::exchange(held_, {})) {
    if (initialize_id_ != id) answer_with_nothing(id, asked.method);
  }
  if (initialize_id_) {
    answer_with_nothing(*initialize_id_, {});
    forget_initialize();
  }
  if (std::exchange(told_, true)) return;
  spdlog::error("{}", sentence);
  to_client(notification_message(method::kShowMessage, message_params(Severity::kError, sentence)));
}

// The client was refused; it may try again.
void Forwarder::forget_initialize() {
  initialize_id_.reset();
  memory_.not_initialized();
}

void Forwarder::answer_with_nothing(const RequestId& id, const std::string& method) {
  if (asks_for_suggestions(method)) return to_client(result_message(id, nullptr));
  to_client(error_message(id, {ErrorCode::kRequestFailed, problem_}));
}

// ---- the end ---------------------------------------------------------------------------------

void Forwarder::watch_editor(int64_t process_id) {
  if (options_.client_is_remote) return;
  const Status status = loop_.watch_process(process_id, [this] { hang_up(); });
  if (!status.ok()) spdlog::info("the editor: {}", status.message());
}

void Forwarder::finish(int exit_code) {
  if (std::exchange(finished_, true)) return;
  exit_code_ = exit_code;
  reacher_.request_stop();
  client_.close();
  if (link_) link_->channel.close();
  retry_.reset();
  ping_.reset();
  loop_.close();
}

}  // namespace

int run_forwarder(const ForwarderOptions& options, FileDescriptor daemon) {
  return Forwarder(options).run(std::move(daemon));
}

}  // namespace rondo::lsp
