// rondo cache: what of the user's text is kept on disk as Segments, and how to remove it.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_cache_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
