// rondo lsp: the language server for editors.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_lsp_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
