// Runs the rondo binary as a shell would.
//
// Thread: one test.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace rondo::cli {

struct Outcome {
  int exit_code = -1;
  std::string output;  // stdout and stderr together
};

// `arguments` are words for /bin/sh, which runs in `folder`. What hangs is ended: exit code 124.
inline Outcome run_rondo(const std::string& arguments, const std::string& folder = ".") {
  Outcome outcome;
  const std::string command =
      "cd '" + folder + "' && timeout 120 " RONDO_BINARY " " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    outcome.output.append(buffer, n);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

}  // namespace rondo::cli
