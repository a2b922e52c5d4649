// rondo bench ...: reproducible measurements, one table or JSON object each.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_bench_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
