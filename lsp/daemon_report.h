// DaemonReport: what a daemon says of itself to `rondo status`.
//
// Thread: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/engine.h"
#include "lsp/abilities.h"
#include "lsp/handshake.h"

namespace rondo::lsp {

struct DaemonReport {
  Identity program;
  int64_t process_id = 0;
  std::chrono::seconds uptime{0};
  std::vector<int64_t> documents;                // one a client: how many it has open
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
