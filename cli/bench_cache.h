// `rondo bench cache`: how much of what the model is asked about it has read before.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_cache_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
