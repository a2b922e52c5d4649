// `rondo bench actions`.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_actions_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
