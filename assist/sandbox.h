// Runs a program that is not trusted with this machine in a sandbox of bubblewrap: no network, no
// files but the system's own to read and at most one folder to write, limits of time, memory and
// output. No shell reads its words.
//
// Thread: blocks the caller, which must live as long as the program: that ends with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::assist {

struct SandboxLimits {
  std::chrono::milliseconds time{10'000};              // passed, and of the processor
  int64_t memory_bytes = int64_t{1} << 30;             // of each of its processes
  int64_t file_bytes = int64_t{1} << 20;               // of each file that it writes
  size_t output_bytes = static_cast<size_t>(1) << 16;  // more is cut off at the front
};

struct SandboxCommand {
  std::vector<std::string> words;  // the program, found in the system's folders, and its arguments
  std::string input;               // what it reads from stdin
  std::string folder;              // absolute; it may write there and starts there. Empty: none
  std::string seen_as;             // the path by which it sees `folder`; absolute
  std::vector<std::string> readable;  // more folders that it may read, at their own places
  // All of its output as it comes, however much; may be empty.
  std::function<void(std::string_view)> on_output;
};

struct SandboxRun {
  int status = 0;          // that it exits with; minus the signal that ended it
  bool timed_out = false;  // it was ended since its time was over
  std::string output;      // stdout and stderr together, the last of it

  bool passed() const { return status == 0 && !timed_out; }
};

// Whether a sandbox can be made here. Errors: Unavailable with what to do.
Status sandbox_ready();

// Runs `command` to its end. Errors: Unavailable without bubblewrap; Internal when it cannot be
// started.
Result<SandboxRun> run_in_sandbox(const SandboxCommand& command, const SandboxLimits& limits = {});

}  // namespace rondo::assist
