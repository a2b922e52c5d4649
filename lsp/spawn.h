// Starts a program beside this one. It gets `stream` for standard input and output, our stderr, and
// no other file that is open here.
//
// Thread: any.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace rondo::lsp {

// `words[0]` is a path, or a name that PATH finds; the process, for the caller to wait for.
// Errors: Unavailable when it cannot be started.
Result<pid_t> spawn(const std::vector<std::string>& words, int stream);

}  // namespace rondo::lsp
