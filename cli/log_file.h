// The log of a process that nobody watches: $XDG_STATE_HOME/rondo/daemon.log, readable by the user
// alone, at most 1 MiB and one older file of that size. Beside it, lines go to stderr.
//
// Thread: the main thread, at start.
#pragma once

#include <string>

#include "base/status.h"
#include "cli/environment.h"

namespace rondo::cli {

std::string log_path(const Environment& environment);

// Errors: Unavailable when the file cannot be written; stderr has the log then.
Status log_to_file(const std::string& path);

}  // namespace rondo::cli
