// `rondo bench trapezoid`: what computing only the needed rows of loop 1 is worth.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_trapezoid_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
