// rondo fix: mends what a failing build, linter, type checker or test tells of.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_fix_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
