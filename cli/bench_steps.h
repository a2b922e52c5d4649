// `rondo bench steps`, `gate` and `rules`: what the steps of the loop bring, at several depths,
// what is shown unasked, and what each rule of post-processing is worth.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_steps_benches(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
