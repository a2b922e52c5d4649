// Forwarder: stands between an editor, on standard streams, and the daemon, or another forwarder on
// the daemon's machine. Messages pass as they
// are; of them it remembers what a new daemon would have to hear.
//
//     editor  ----->  ClientMemory, requests under way  ----->  daemon
//             <-----  ids of the daemon's requests made ours  <-----
//
// Each question is accompanied by a ping. When the daemon dies, or leaves one unanswered, the
// forwarder starts another and tells it everything again; the editor sees nothing of it.
// Suggestions that were under way are asked for once more, unless the text is another one by now;
// other requests get ContentModified, the one error that editors do not show; what is asked
// meanwhile waits. When the daemon ends in good order, another is started as soon as something is
// asked. When it dies again and again the user is told once, everything is answered with nothing,
// and it is tried again now and then.
//
// Thread: run_forwarder() is called on the main thread, which becomes the loop thread; another one
// looks for the daemon.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/file_descriptor.h"
#include "lsp/daemon_link.h"

namespace rondo::lsp {

struct ForwarderOptions {
  // A connection to a daemon that serves, as reach_daemon(); called on a thread of its own.
  std::function<Result<FileDescriptor>(Build build, const Patience& patience)> reach;
  // A daemon that leaves a ping unanswered for so long is lost.
  std::chrono::milliseconds answer_within = std::chrono::seconds(3);
  std::string log_path;  // the daemon's, for the user
  int input = 0;
  int output = 1;
  // The editor's process; given by the command line, or by initialize.
  std::optional<int64_t> client_process_id;
  // The client is a forwarder on another machine, where the editor's process is too.
  bool client_is_remote = false;

  // So many ends of the daemon, or vain attempts to start it, within this time are too many.
  int64_t max_failures = 5;
  std::chrono::milliseconds failure_window = std::chrono::seconds(60);
  std::chrono::milliseconds retry_after = std::chrono::seconds(30);  // then
  std::chrono::milliseconds patience = std::chrono::seconds(20);     // of one attempt
};

// Forwards between the client and the daemon at the other end of `daemon` until the conversation
// ends; the exit code of the process.
int run_forwarder(const ForwarderOptions& options, FileDescriptor daemon);

}  // namespace rondo::lsp
