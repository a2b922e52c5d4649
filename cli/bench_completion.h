// rondo bench complete: what a person who types waits for.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_completion_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
