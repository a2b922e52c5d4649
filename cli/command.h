// What subcommands share: how one is added to the command line, how it ends, how it prints.
//
// Thread: the main thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "base/status.h"
#include "cli/environment.h"

namespace rondo::cli {

// Exit codes, the same for every subcommand.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,  // the work could not be done; stderr says why
  kExitUsage = 2,   // the command line is wrong
};

// What a subcommand is given when it is added. `exit_code` is what the process returns.
struct CommandContext {
  const Environment& environment;
  int& exit_code;
};

// Runs `body` when `command` was chosen; an error goes to stderr as one line and makes the exit
// code kExitFailed.
void on_run(CLI::App& command, CommandContext context, std::function<Status()> body);

// --threads, of commands that start an engine.
void add_threads_option(CLI::App& command, int32_t& n_threads);

// Writes one line of JSON, or indented JSON on a terminal, to stdout.
void print_json(const Json& json);

}  // namespace rondo::cli
