// Server: one Session on two descriptors (standard streams, a socket twice), from the first byte to
// the exit code. It ends when the client says `exit`, when the input ends, when the editor's
// process ends, and when it is told to.
//
// Thread: the loop. Borrows the Loop. Must live until ServerEvents::closed, or until Loop::run()
// has returned.
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
  // Whether the process that the client names as the editor is watched: not when the client is a
  // forwarder, which does it.
  bool watch_editor = true;
};

struct ServerEvents {
  // The conversation is over: nothing more is read.
  std::function<void()> finished;
  // After that: everything is written or given up. May be unset.
  std::function<void()> closed;
};

class Server {
 public:
  // Of `hooks` the caller sets those of the workspace and `log`; the Server sets the others.
  Server(Loop& loop, ServerOptions options, SessionHooks hooks, ServerEvents events);

  // Errors: InvalidArgument when the descriptors cannot be used; it is finished.
  Status start();
  // Ends the conversation as if the input had ended.
  void hang_up();
  // Tells the client, a forwarder, that this process ends, and hangs up once every request has its
  // answer.
  void drain();
  // As if the editor were this process, too: some say it on the command line.
  void watch_process(int64_t process_id);

  Session& session() { return session_; }
  // REQUIRES: finished.
  int exit_code() const { return exit_code_; }

 private:
  SessionHooks with_transport(SessionHooks hooks);
  void receive(std::string_view bytes);
  void finish(int exit_code);
  void hang_up_if_drained();

  Loop& loop_;
  const ServerOptions options_;
  const ServerEvents events_;
  const std::function<void(const std::string& line)> log_;
  Channel channel_;
  FrameReader reader_;
  Session session_;
  bool draining_ = false;
  bool finished_ = false;
  int exit_code_ = 1;
};

}  // namespace rondo::lsp
