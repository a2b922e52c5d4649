// rondo blocks PATH: the Blocks that files are cut into.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_blocks_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
