#include "lsp/server.h"

#include <csignal>
#include <utility>

namespace rondo::lsp {

Server::Server(Loop& loop, ServerOptions options, SessionHooks hooks, ServerEvents events)
    : loop_(loop),
      options_(std::move(options)),
      events_(std::move(events)),
      log_(hooks.log),
      channel_(loop.uv(), {.bytes = [this](std::string_view bytes) { receive(bytes); },
                           .end = [this] { hang_up(); },
                           .closed = events_.closed}),
      session_(options_.version, with_transport(std::move(hooks))) {}

SessionHooks Server::with_transport(SessionHooks hooks) {
  hooks.send = [this, recorded = hooks.recorded](const Json& message) {
    if (recorded.recorder != nullptr) recorded.recorder->sent(recorded.name, message);
    channel_.write(frame_message(dump_json(message)));
    hang_up_if_drained();
  };
  // Answers may come when this Server is gone.
  hooks.post = [&loop = loop_](std::function<void()> work) { loop.post(std::move(work)); };
  hooks.exit = [this](int exit_code) { finish(exit_code); };
  hooks.watch_process = [this](int64_t process_id) { watch_process(process_id); };
  return hooks;
}

Status Server::start() {
  std::signal(SIGPIPE, SIG_IGN);  // a client that is gone is an error of write()
  const Status status = channel_.open(options_.input, options_.output);
  if (!status.ok()) finish(1);
  return status;
}

void Server::hang_up() { finish(session_.end_of_input()); }

void Server::drain() {
  session_.announce_end();
  draining_ = true;
  hang_up_if_drained();
}

void Server::hang_up_if_drained() {
  if (draining_ && session_.idle()) hang_up();
}

void Server::watch_process(int64_t process_id) {
  if (!options_.watch_editor) return;
  const Status status = loop_.watch_process(process_id, [this] { hang_up(); });
  if (!status.ok()) log_("the editor: " + status.message());
}

void Server::receive(std::string_view bytes) {
  for (Frame& frame : reader_.feed(bytes)) {
    if (finished_) return;  // what follows `exit` is not read
    session_.receive(std::move(frame));
  }
}

void Server::finish(int exit_code) {
  if (std::exchange(finished_, true)) return;
  exit_code_ = exit_code;
  channel_.close();
  events_.finished();
}

}  // namespace rondo::lsp
