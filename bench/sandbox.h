// Runs generated Python in a sandbox: bubblewrap with no network, no files but the system's own to
// read, and limits of time and memory.
//
// Thread: blocks the caller; one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/status.h"

namespace rondo::bench {

struct SandboxLimits {
  std::chrono::seconds time{10};
  int64_t memory_bytes = int64_t{1} << 30;
};

// Whether there is one. Errors: Unavailable with what to install.
Status sandbox_ready();

// Whether `program` ends by itself, in time and without an error. Errors: those of sandbox_ready();
// Internal when it cannot be started.
Result<bool> passes_in_sandbox(const std::string& program, const SandboxLimits& limits = {});

}  // namespace rondo::bench
