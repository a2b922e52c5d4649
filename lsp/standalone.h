// Standalone: a language server with everything in one process: the client's session, its
// workspace and the model.
//
// Thread: run_standalone() is called on the main thread, which becomes the loop thread; the model
// is loaded by another.
#pragma once

#include <cstdint>
#include <optional>

#include "config/files.h"
#include "lsp/engine_keeper.h"
#include "lsp/server.h"

namespace rondo::lsp {

struct StandaloneOptions {
  ServerOptions server;
  config::Places configuration;
  EngineSource engine;                       // that there is none ends nothing, the client is told
  std::optional<int64_t> client_process_id;  // when the command line names the editor
  Recorder* recorder = nullptr;              // of what is said; may be null
};

// Serves one client until the conversation ends; the exit code of the process.
int run_standalone(const StandaloneOptions& options);

}  // namespace rondo::lsp
