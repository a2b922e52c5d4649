// rondo replay: a recorded editing run once more, and what differs.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_replay_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
