// How commands end that change many files: exit codes that scripts go by.
//
// Thread: the main thread.
#pragma once

#include <functional>

#include "base/status.h"
#include "cli/command.h"

namespace rondo::cli {

enum RefactorExit : int {
  kAllKept = 0,
  kSomeLeft = 1,  // or, with --check, that something would change
  kNothing = 2,   // no file was changed
  kBadInput = 3,  // of the command line or the recipe; or the work could not be done
};

// Runs `body`, whose result is the exit code, when `command` was chosen; an error goes to stderr.
void on_refactor(CLI::App& command, CommandContext context, std::function<Result<int>()> body);

}  // namespace rondo::cli
