// rondo bench index: how quickly a folder is indexed.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_index_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
