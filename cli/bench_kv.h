// `rondo bench kv`: where the keys and values of a workspace lie, and how they come back.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_kv_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
