// DaemonReport: what a daemon says of itself to `rondo status`.
//
// Thread: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assist/workspace_reader.h"
#include "base/json.h"
#include "engine/engine.h"
#include "lsp/abilities.h"
#include "lsp/handshake.h"
#include "lsp/session.h"

namespace rondo::lsp {

struct ClientReport {
  int64_t n_documents = 0;  // that it has open
  ClientCounts counts;
  assist::ReadingProgress reading;  // of its workspace
};

struct DaemonReport {
  Identity program;
  int64_t process_id = 0;
  std::chrono::seconds uptime{0};
  std::vector<ClientReport> clients;
  std::optional<std::chrono::seconds> exits_in;  // nothing while there is a client
  std::string log_path;
  std::string user_file;     // where another model is named
  std::string model;         // its folder
  std::string engine_state;  // EngineKeeper::state()
  // While there is an engine:
  Abilities abilities;
  std::optional<engine::EngineStats> engine;
};

Json to_json(const DaemonReport& report);

}  // namespace rondo::lsp
