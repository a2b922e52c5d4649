// rondo status: what the daemon is doing.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_status_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
