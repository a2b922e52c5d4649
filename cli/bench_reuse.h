// `rondo bench reuse`: what kept keys and values are worth to a keystroke.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_reuse_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
