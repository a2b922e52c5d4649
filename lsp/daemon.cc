#include "lsp/daemon.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "lsp/conversation.h"
#include "lsp/daemon_report.h"
#include "lsp/loop.h"
#include "lsp/loop_handles.h"

namespace rondo::lsp {
namespace {

constexpr size_t kMaxClients = 64;
constexpr size_t kMaxCallers = 64;
constexpr std::chrono::seconds kCallerPatience{10};

using Clock = std::chrono::steady_clock;

// Somebody who has connected and not said yet what for.
struct Caller {
  FileDescriptor socket;
  std::string line;  // as far as it has come
  std::unique_ptr<Readable> readable;
  std::unique_ptr<Timer> patience;
};

bool same_folder(const std::string& a, const std::string& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

class Daemon {
 public:
  Daemon(const DaemonPlace& place, const DaemonOptions& options)
      : place_(place), options_(options), keeper_(loop_, options.engine) {}

  Status start() {
    ASSIGN_OR_RETURN(lock_, place_.lock_daemon());
    ASSIGN_OR_RETURN(listener_, place_.listen());
    visitors_.emplace(loop_, listener_.get(), [this] { accept(); });
    idle_.emplace(loop_);
    drain_.emplace(loop_);
    loop_.watch_signals([this] { stop(); });
    wait_for_clients();
    spdlog::info("rondo {} listens at {}", options_.program.version, place_.socket_path());
    return {};
  }
  void run() { loop_.run(); }

 private:
  // Coming.
  void accept();
  void read(int64_t number);
  void answer(int64_t number, const Hello& hello);
  Welcome welcome(const Hello& hello) const;
  void clear_cache(FileDescriptor socket);
  std::optional<std::pair<Answer, std::string>> objection(const Hello& hello) const;
  void serve(int64_t number, FileDescriptor socket);
  Json report() const;
  Json why() const;
  std::optional<std::chrono::seconds> exits_in() const;

  // Going.
  void left(int64_t number);
  void wait_for_clients();
  void stop();
  void finish();

  const DaemonPlace& place_;
  const DaemonOptions options_;
  const Clock::time_point began_ = Clock::now();
  std::vector<FileDescriptor> waiting_for_end_;  // see our end as theirs; so these close last
  FileDescriptor lock_;
  FileDescriptor listener_;

  // What calls goes before what it calls: clients, engine, loop.
  Loop loop_;
  EngineKeeper keeper_;
  std::optional<Readable> visitors_;
  std::optional<Timer> idle_;
  std::optional<Timer> drain_;
  std::map<int64_t, Caller> callers_;                               // by number
  std::map<int64_t, std::unique_ptr<Conversation>> conversations_;  // by number
  std::optional<Clock::time_point> idle_since_;                     // nothing while there is one
  int64_t n_visitors_ = 0;                                          // since the start: numbers them
  bool stopping_ = false;
};

// ---- coming ----------------------------------------------------------------------------------

void Daemon::accept() {
  FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) return;
  if (!peer_is_this_user(socket.get())) return spdlog::warn("another user's process was refused");
  if (callers_.size() >= kMaxCallers) return spdlog::warn("too many connections at once");
  const int64_t number = ++n_visitors_;
  Caller& caller = callers_[number];
  caller.socket = std::move(socket);
  caller.readable =
      std::make_unique<Readable>(loop_, caller.socket.get(), [this, number] { read(number); });
  caller.patience = std::make_unique<Timer>(loop_);
  caller.patience->start(kCallerPatience, [this, number] { callers_.erase(number); });
}

// A client says one line and waits, so that nothing can follow it yet.
void Daemon::read(int64_t number) {
  Caller& caller = callers_.at(number);
  std::array<char, 4096> buffer;
  const ssize_t n = ::recv(caller.socket.get(), buffer.data(), buffer.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0 || caller.line.size() > kMaxHandshakeBytes) {
    callers_.erase(number);
    return;
  }
  caller.line.append(buffer.data(), static_cast<size_t>(n));
  if (caller.line.find('\n') == std::string::npos) return;
  const Result<Hello> hello = read_hello(caller.line);
  if (hello.ok()) return answer(number, *hello);
  spdlog::warn("{}", hello.status().message());
  callers_.erase(number);
}

void Daemon::answer(int64_t number, const Hello& hello) {
  FileDescriptor socket = std::move(callers_.at(number).socket);
  callers_.at(number).readable.reset();
  callers_.erase(number);
  if (hello.wish == Wish::kClearCache) return clear_cache(std::move(socket));
  const Welcome answer = welcome(hello);
  const std::string line = to_line(answer);  // fits into the socket's empty buffer
  (void)!::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (answer.answer != Answer::kAccepted) return spdlog::info("refused: {}", answer.reason);
  if (hello.wish == Wish::kServe) return serve(number, std::move(socket));
  if (hello.wish == Wish::kStop) {
    waiting_for_end_.push_back(std::move(socket));
    stop();
  }
}

// Answered when it is done.
void Daemon::clear_cache(FileDescriptor socket) {
  const auto held = std::make_shared<FileDescriptor>(std::move(socket));
  const auto done = [held, line = to_line(welcome({.wish = Wish::kClearCache}))] {
    (void)!::send(held->get(), line.data(), line.size(), MSG_NOSIGNAL);
  };
  engine::Engine* const engine = keeper_.engine();
  if (engine == nullptr) return done();
  engine->clear_segments(done);
}

Welcome Daemon::welcome(const Hello& hello) const {
  Welcome welcome = {.program = options_.program,
                     .process_id = ::getpid(),
                     .n_clients = static_cast<int64_t>(conversations_.size())};
  if (auto objection = this->objection(hello)) {
    welcome.answer = objection->first;
    welcome.reason = std::move(objection->second);
  } else if (hello.wish == Wish::kStatus) {
    welcome.status = report();
  } else if (hello.wish == Wish::kWhy) {
    welcome.status = why();
  }
  return welcome;
}

std::optional<std::pair<Answer, std::string>> Daemon::objection(const Hello& hello) const {
  const auto object = [](Answer answer, std::string reason) {
    return std::optional(std::pair(answer, std::move(reason)));
  };
  if (hello.wish == Wish::kStop) return std::nullopt;
  if (hello.protocol != kHandshakeProtocol) {
    return object(Answer::kOtherProtocol, "the daemon is rondo " + options_.program.version +
                                              " and speaks another protocol; end it with rondo "
                                              "daemon stop");
  }
  if (hello.wish != Wish::kServe) return std::nullopt;
  const EngineSource& source = options_.engine;
  if (hello.program != options_.program && !hello.any_build) {
    return object(Answer::kOtherBuild, "the daemon is another build of rondo");
  }
  if (!hello.model.empty() && !same_folder(hello.model, source.engine.model)) {
    return object(Answer::kOtherEngine, "the daemon serves the model " + source.engine.model);
  }
  if ((!hello.kernels.empty() && hello.kernels != source.engine.kernels) ||
      (hello.n_threads != 0 && hello.n_threads != source.engine.n_threads)) {
    return object(Answer::kOtherEngine, "the daemon runs on other kernels or threads");
  }
  if (stopping_) return object(Answer::kBusy, "the daemon is about to end");
  if (conversations_.size() >= kMaxClients) {
    return object(Answer::kBusy, "the daemon has " + std::to_string(kMaxClients) + " clients");
  }
  return std::nullopt;
}

void Daemon::serve(int64_t number, FileDescriptor socket) {
  const std::string name = "client " + std::to_string(number);
  const int output = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0);
  auto conversation = std::make_unique<Conversation>(
      loop_,
      ConversationOptions{
          .server = {.version = options_.program.version,
                     .input = socket.release(),
                     .output = output,
                     .watch_editor = false},
          .client = std::to_string(number),
          .configuration = options_.configuration,
          .log = [name](const std::string& line) { spdlog::info("{}: {}", name, line); },
          .recorder = options_.recorder},
      ServerEvents{.finished = [] {},
                   .closed = [this, number] { loop_.post([this, number] { left(number); }); }});
  idle_->stop();
  idle_since_.reset();
  Conversation& client = *(conversations_[number] = std::move(conversation));
  spdlog::info("{} has come", name);
  if (!client.server().start().ok()) return;  // it leaves
  keeper_.want([this, number](const Result<engine::Engine*>& engine) {
    const auto found = conversations_.find(number);
    if (found != conversations_.end()) found->second->engine_loaded(engine, keeper_.abilities());
  });
}

Json Daemon::report() const {
  DaemonReport report = {
      .program = options_.program,
      .process_id = ::getpid(),
      .uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began_),
      .exits_in = exits_in(),
      .log_path = options_.log_path,
      .user_file = options_.configuration.user_file,
      .model = options_.engine.engine.model,
      .engine_state = keeper_.state()};
  for (const auto& [number, conversation] : conversations_) {
    const Session& session = conversation->server().session();
    report.clients.push_back({.n_documents = session.n_documents(),
                              .counts = session.counts(),
                              .reading = conversation->reading()});
  }
  if (const engine::Engine* engine = keeper_.engine()) {
    report.abilities = keeper_.abilities();
    report.engine = engine->stats();
  }
  return to_json(report);
}

// Of the client that asked last; null when nobody has.
Json Daemon::why() const {
  const std::pair<const std::string, WhyReport>* last = nullptr;
  for (const auto& [number, conversation] : conversations_) {
    const auto* const why = conversation->server().session().last_why();
    if (why != nullptr && (last == nullptr || why->second.asked > last->second.asked)) last = why;
  }
  if (last == nullptr) return nullptr;
  Json json = why_result(last->second);
  json["uri"] = last->first;
  json["secondsAgo"] =
      std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - last->second.asked).count();
  return json;
}

std::optional<std::chrono::seconds> Daemon::exits_in() const {
  if (!idle_since_) return std::nullopt;
  const Clock::duration left = options_.exit_after - (Clock::now() - *idle_since_);
  return std::chrono::duration_cast<std::chrono::seconds>(std::max(left, Clock::duration(0)));
}

// ---- going -----------------------------------------------------------------------------------

// Its workspace waits for its threads where that keeps nobody waiting.
void Daemon::left(int64_t number) {
  spdlog::info("client {} has left", number);
  std::shared_ptr<Workspace> workspace = conversations_.at(number)->take_workspace();
  conversations_.erase(number);
  keeper_.behind([workspace = std::move(workspace), engine = keeper_.engine(), number]() mutable {
    workspace.reset();
    if (engine != nullptr) engine->forget_cursors(std::to_string(number) + ":");
  });
  if (!conversations_.empty()) return;
  if (stopping_) return finish();
  wait_for_clients();
}

void Daemon::wait_for_clients() {
  idle_since_ = Clock::now();
  idle_->start(options_.exit_after, [this] {
    spdlog::info("no client: the daemon ends");
    stop();
  });
}

// The second time nothing is waited for.
void Daemon::stop() {
  const auto hang_up = [this] {
    for (const auto& [number, conversation] : conversations_) conversation->server().hang_up();
  };
  if (std::exchange(stopping_, true)) return hang_up();
  spdlog::info("the daemon stops");
  visitors_.reset();
  listener_.reset();
  place_.remove_socket();
  callers_.clear();
  idle_->stop();
  if (conversations_.empty()) return finish();
  drain_->start(options_.drain_patience, hang_up);
  for (const auto& [number, conversation] : conversations_) conversation->server().drain();
}

void Daemon::finish() {
  idle_.reset();
  drain_.reset();
  loop_.close();
}

}  // namespace

Status run_daemon(const DaemonPlace& place, const DaemonOptions& options,
                  const std::function<void()>& listening) {
  Daemon daemon(place, options);
  RETURN_IF_ERROR(daemon.start());
  listening();
  daemon.run();
  spdlog::info("the daemon has ended");
  return {};
}

}  // namespace rondo::lsp
