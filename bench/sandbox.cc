#include "bench/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kBubblewrap = "/usr/bin/bwrap";
constexpr const char* kPython = "/usr/bin/python3";
constexpr int64_t kMaxFileBytes = 1 << 20;
constexpr std::chrono::milliseconds kPoll{5};

// The program is read from its standard input: nothing of ours is mounted.
const std::vector<const char*>& command() {
  static const std::vector<const char*> kCommand = {kBubblewrap,
                                                    "--unshare-all",
                                                    "--die-with-parent",
                                                    "--new-session",
                                                    "--clearenv",
                                                    "--ro-bind",
                                                    "/usr",
                                                    "/usr",
                                                    "--ro-bind-try",
                                                    "/lib",
                                                    "/lib",
                                                    "--ro-bind-try",
                                                    "/lib64",
                                                    "/lib64",
                                                    "--ro-bind-try",
                                                    "/bin",
                                                    "/bin",
                                                    "--proc",
                                                    "/proc",
                                                    "--dev",
                                                    "/dev",
                                                    "--tmpfs",
                                                    "/tmp",
                                                    "--chdir",
                                                    "/tmp",
                                                    kPython,
                                                    "-I",
                                                    "-",
                                                    nullptr};
  return kCommand;
}

void limit(int resource, int64_t value) {
  const rlimit both = {static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  (void)setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

// Of the child: does not return.
[[noreturn]] void become_sandbox(int input, const SandboxLimits& limits) {
  const int nothing = ::open("/dev/null", O_WRONLY);
  ::dup2(input, 0);
  ::dup2(nothing, 1);
  ::dup2(nothing, 2);
  limit(RLIMIT_AS, limits.memory_bytes);
  limit(RLIMIT_CPU, limits.time.count());
  limit(RLIMIT_FSIZE, kMaxFileBytes);
  limit(RLIMIT_CORE, 0);
  ::execv(kBubblewrap, const_cast<char* const*>(command().data()));
  ::_exit(127);
}

// A file in memory with the program, at its start.
Result<int> memory_file(const std::string& text) {
  const int file = ::memfd_create("program", MFD_CLOEXEC);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || ::lseek(file, 0, SEEK_SET) != 0) {
    if (file >= 0) ::close(file);
    return internal_error(std::string("a program for the sandbox cannot be written: ") +
                          std::strerror(errno));
  }
  return file;
}

// The child's exit status; of one that takes too long, that of its end.
int wait_for(pid_t child, Clock::time_point deadline) {
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) ::kill(child, SIGKILL);
    std::this_thread::sleep_for(kPoll);
  }
  return status;
}

}  // namespace

Status sandbox_ready() {
  if (::access(kBubblewrap, X_OK) == 0 && ::access(kPython, X_OK) == 0) return {};
  return unavailable_error(
      "generated code runs only in a sandbox, and there is none: install bubblewrap and python3");
}

Result<bool> passes_in_sandbox(const std::string& program, const SandboxLimits& limits) {
  RETURN_IF_ERROR(sandbox_ready());
  ASSIGN_OR_RETURN(const int file, memory_file(program));
  const pid_t child = ::fork();
  if (child == 0) become_sandbox(file, limits);
  ::close(file);
  if (child < 0) {
    return internal_error(std::string("the sandbox cannot be started: ") + std::strerror(errno));
  }
  const int status = wait_for(child, Clock::now() + limits.time);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace rondo::bench
