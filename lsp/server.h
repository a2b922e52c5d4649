// Server: one Session on the standard streams of a process (or any two descriptors), from the first
// byte to the exit code. It ends when the client says `exit`, when the input ends, when the
// editor's process ends, and at SIGTERM, SIGINT or SIGHUP.
//
// Thread: the loop. Borrows the Loop, which it closes at the end. Must live until Loop::run() has
// returned.
#pragma once

#include <functional>
#include <string>

#include "lsp/channel.h"
#include "lsp/loop.h"
#include "lsp/session.h"
#include "lsp/transport.h"

namespace rondo::lsp {

struct ServerOptions {
  std::string version;  // of Rondo
  int input = 0;
  int output = 1;
};

class Server {
 public:
  // Of `hooks` the caller sets those of the workspace and `log`; the Server sets the others.
  Server(Loop& loop, ServerOptions options, SessionHooks hooks);

  // Errors: InvalidArgument when the descriptors cannot be used; the loop is closed.
  Status start();
  // As if the editor were this process, too: some say it on the command line.
  void watch_process(int64_t process_id);

  Session& session() { return session_; }
  // REQUIRES: Loop::run() has returned.
  int exit_code() const { return exit_code_; }

 private:
  SessionHooks with_transport(SessionHooks hooks);
  void receive(std::string_view bytes);
  void finish(int exit_code);

  Loop& loop_;
  const ServerOptions options_;
  const std::function<void(const std::string& line)> log_;
  Channel channel_;
  FrameReader reader_;
  Session session_;
  bool finished_ = false;
  int exit_code_ = 1;
};

}  // namespace rondo::lsp
