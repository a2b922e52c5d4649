// The subcommands of this build: all of them (whole_product.cc), or, for a machine that has only
// what the engine needs (RONDO_PARTS=engine), none beyond those that every build has
// (engine_only.cc).
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_product_commands(CLI::App& app, CommandContext context);
// The same for `rondo bench`.
void add_product_benches(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
