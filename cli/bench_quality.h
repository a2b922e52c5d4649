// rondo bench quality and rondo bench context-loss: what the model makes of real code.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

// Adds both to `rondo bench`.
void add_quality_benches(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
