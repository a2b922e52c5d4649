// rondo model ...: what a model folder is, and making a smaller one from it.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_model_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
