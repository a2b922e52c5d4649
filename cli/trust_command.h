// rondo trust: approves what a workspace configures, lists and revokes approvals.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_trust_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
