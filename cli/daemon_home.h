// Where the user's daemon is found: by default, or where the configuration says.
//
// Thread: the main thread.
#pragma once

#include "base/status.h"
#include "cli/environment.h"
#include "config/configuration.h"
#include "lsp/daemon_place.h"

namespace rondo::cli {

// Errors: those of DaemonPlace::open().
Result<lsp::DaemonPlace> daemon_place(const Environment& environment,
                                      const config::Configuration& configuration);
// The same, with what the files say.
Result<lsp::DaemonPlace> daemon_place(const Environment& environment);

}  // namespace rondo::cli
