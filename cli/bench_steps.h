// `rondo bench steps` and `rondo bench gate`: what the steps of the loop bring, at several depths,
// and what is shown unasked.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_steps_benches(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
