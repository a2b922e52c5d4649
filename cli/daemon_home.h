// Where the user's daemon is found: by default, or where the configuration says.
//
// Thread: the main thread.
#pragma once

#include <chrono>

#include "base/json.h"
#include "base/status.h"
#include "cli/environment.h"
#include "config/configuration.h"
#include "lsp/daemon_place.h"
#include "lsp/handshake.h"

namespace rondo::cli {

// Errors: those of DaemonPlace::open().
Result<lsp::DaemonPlace> daemon_place(const Environment& environment,
                                      const config::Configuration& configuration);
// The same, with what the files say.
Result<lsp::DaemonPlace> daemon_place(const Environment& environment);

// What the daemon that runs says to `wish`, for which it has `time`; null when none runs. Errors:
// those of daemon_place() and of lsp::ask(); Unavailable when it refuses.
Result<Json> ask_daemon(const Environment& environment, lsp::Wish wish,
                        std::chrono::seconds time = std::chrono::seconds(10));

}  // namespace rondo::cli
