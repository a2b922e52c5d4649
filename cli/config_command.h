// rondo config: every option, its value, and where that comes from.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_config_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
