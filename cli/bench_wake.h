// `rondo bench wake`: what resting costs who asks next.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_wake_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
