// rondo complete FILE:LINE:COLUMN: one completion from the shell.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_complete_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
