// How a client gets a connection to the daemon: finds it, starts it when there is none, replaces it
// when it is another build and the client is new, or when it hangs.
//
// Thread: any but the loop: waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/status.h"
#include "lsp/daemon_place.h"
#include "lsp/handshake.h"

namespace rondo::lsp {

struct DaemonWanted {
  Identity program;
  // The engine that it must have; empty and 0: any.
  std::string model;
  std::string kernels;
  int32_t n_threads = 0;
  // One that accepts a connection and says nothing for so long hangs: it is ended by force.
  std::chrono::milliseconds answer_within = std::chrono::seconds(3);
  // The words that start one; the program returns 0 once it listens.
  std::vector<std::string> start_command;
};

// Which daemon will do.
enum class Build {
  kMine,  // another is asked to stop, which it does when it has answered, and replaced
  kAny    // the one that others have put in the place of ours, too
};

// A connection on which the daemon has accepted to serve. Errors: Unavailable when there is none
// and none can be started, or it must go on to serve others with another engine.
Result<FileDescriptor> reach_daemon(const DaemonPlace& place, const DaemonWanted& wanted,
                                    Build build, const Patience& patience);

}  // namespace rondo::lsp
