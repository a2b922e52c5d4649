// rondo bench clients: what somebody who types waits for alone, and beside others on one daemon.
//
// Thread: the main thread; each client of the measurement has one of its own.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace rondo::cli {

void add_clients_bench(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
