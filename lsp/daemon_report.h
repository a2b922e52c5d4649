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

// The ladder that a daemon goes down without clients.
struct Idle {
  bool released = false;            // the model's memory is given up; before that it is kept
  std::chrono::seconds time{0};     // since the last client left
  std::chrono::seconds to_next{0};  // until the model is given up, or the daemon exits
};

struct DaemonReport {
  Identity program;
  int64_t process_id = 0;
  std::chrono::seconds uptime{0};
  std::vector<int64_t> documents;  // one a client: how many it has open
  std::optional<Idle> idle;        // nothing while there is a client
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
