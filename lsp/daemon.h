// The daemon: one process a user, one engine, and every editor that asks for it.
//
//     accept -> peer is this user? -> Hello (one line) -> kServe: a Conversation of its own
//                                                      -> any other wish: one line back
//
// The engine is loaded for the first client, and rests when nobody asks it (engine.h). When there
// was no client for a while, the process exits. At SIGTERM, or when it
// is asked to stop, it takes no new clients, answers what it was asked, and exits.
//
// Thread: run_daemon() is called on the main thread, which becomes the loop thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/status.h"
#include "config/files.h"
#include "lsp/daemon_place.h"
#include "lsp/engine_keeper.h"
#include "lsp/handshake.h"

namespace rondo::lsp {

class Recorder;

struct DaemonOptions {
  Identity program;
  EngineSource engine;
  config::Places configuration;
  std::string log_path;          // as rondo status shows it
  Recorder* recorder = nullptr;  // of what all clients say; may be null
  // Without a client, since the last one left.
  std::chrono::milliseconds exit_after = std::chrono::minutes(30);
  // How long it waits, when it stops, for what is being answered.
  std::chrono::milliseconds drain_patience = std::chrono::seconds(10);
};

// Serves until it is told to stop or nobody needs it; `listening` is called once clients can come.
// Errors: ResourceExhausted when another daemon runs, Unavailable when the place cannot be used.
Status run_daemon(const DaemonPlace& place, const DaemonOptions& options,
                  const std::function<void()>& listening);

}  // namespace rondo::lsp
