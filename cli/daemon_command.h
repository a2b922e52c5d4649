// rondo daemon: the process that serves all editors of a user; rondo daemon stop.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_daemon_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
