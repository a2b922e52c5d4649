// rondo why: why something was suggested last, or nothing.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_why_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
