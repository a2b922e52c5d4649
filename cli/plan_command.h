// rondo plan: what a model takes of a GPU's memory and how fast it would be, before one buys
// either.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_plan_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
