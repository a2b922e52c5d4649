#include "assist/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/file_descriptor.h"

namespace rondo::assist {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kBubblewrap = "/usr/bin/bwrap";
constexpr int kPollMilliseconds = 5;

// What programs of a Debian system need to start; nothing of the user's, and not /etc as a whole.
constexpr std::array<const char*, 7> kSystem = {
    "/lib",         "/lib64",         "/bin", "/etc/alternatives", "/etc/ld.so.cache",
    "/etc/python3", "/etc/mime.types"};

std::vector<std::string> bubblewrap_words(const SandboxCommand& command) {
  std::vector<std::string> words = {kBubblewrap, "--unshare-all", "--die-with-parent",
                                    "--new-session", "--clearenv"};
  const auto add = [&words](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  add({"--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin", "--setenv", "HOME", "/tmp"});
  add({"--setenv", "LC_ALL", "C.UTF-8", "--setenv", "PYTHONDONTWRITEBYTECODE", "1"});
  add({"--ro-bind", "/usr", "/usr"});
  for (const char* path : kSystem) add({"--ro-bind-try", path, path});
  add({"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"});
  if (!command.folder.empty()) add({"--bind", command.folder, command.seen_as});
  for (const std::string& path : command.readable) add({"--ro-bind", path, path});
  add({"--chdir", command.folder.empty() ? "/tmp" : command.seen_as, "--"});
  words.insert(words.end(), command.words.begin(), command.words.end());
  return words;
}

void limit(int resource, int64_t value) {
  const rlimit both = {static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  (void)setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

// Of the child: does not return. Only calls that a fork of several threads may make.
[[noreturn]] void become_sandbox(int input, int output, char* const* words,
                                 const SandboxLimits& limits) {
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  limit(RLIMIT_AS, limits.memory_bytes);
  limit(RLIMIT_CPU, std::chrono::ceil<std::chrono::seconds>(limits.time).count());
  limit(RLIMIT_FSIZE, limits.file_bytes);
  limit(RLIMIT_CORE, 0);
  ::execv(kBubblewrap, words);
  ::_exit(127);
}

Status failed(const char* what) {
  return internal_error(std::string(what) + ": " + std::strerror(errno));
}

// A file in memory with `text`, at its start.
Result<FileDescriptor> memory_file(const std::string& text) {
  FileDescriptor file(::memfd_create("stdin", MFD_CLOEXEC));
  const bool written =
      file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return failed("what a program in a sandbox reads cannot be written");
  }
  return file;
}

// Adds what can be read now, of which the last `max_bytes` stay. False at the end of the output.
bool read_output(int file, size_t max_bytes, const SandboxCommand& command, std::string& output) {
  std::array<char, 1 << 14> buffer;
  const ssize_t n = ::read(file, buffer.data(), buffer.size());
  if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
  output.append(buffer.data(), static_cast<size_t>(n));
  if (command.on_output) command.on_output({buffer.data(), static_cast<size_t>(n)});
  if (output.size() > 2 * max_bytes) output.erase(0, output.size() - max_bytes);
  return true;
}

// Waits for the end of `child` and of its output, and ends it at the deadline.
SandboxRun follow(pid_t child, int output, const SandboxCommand& command,
                  const SandboxLimits& limits) {
  const Clock::time_point deadline = Clock::now() + limits.time;
  SandboxRun run;
  int status = 0;
  bool open = true;
  for (bool ended = false; !ended || open;) {
    pollfd wait = {.fd = open ? output : -1, .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, ended ? 0 : kPollMilliseconds);
    if (open && wait.revents != 0) {
      open = read_output(output, limits.output_bytes, command, run.output);
    } else if (ended) {
      open = false;  // a process that outlives the sandbox there is none
    }
    if (!ended) ended = ::waitpid(child, &status, WNOHANG) == child;
    if (!ended && !run.timed_out && Clock::now() >= deadline) {
      run.timed_out = true;
      ::kill(child, SIGKILL);
    }
  }
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  const size_t n_kept = std::min(run.output.size(), limits.output_bytes);
  run.output.erase(0, run.output.size() - n_kept);
  return run;
}

}  // namespace

Status sandbox_ready() {
  if (::access(kBubblewrap, X_OK) != 0) {
    return unavailable_error(
        "programs are run only in a sandbox, and there is none: install bubblewrap");
  }
  ASSIGN_OR_RETURN(const SandboxRun run, run_in_sandbox({.words = {"true"}}));
  if (run.passed()) return {};
  return unavailable_error(
      "programs are run only in a sandbox, and bubblewrap can make none here: " +
      run.output.substr(0, run.output.find('\n')));
}

Result<SandboxRun> run_in_sandbox(const SandboxCommand& command, const SandboxLimits& limits) {
  if (::access(kBubblewrap, X_OK) != 0) return sandbox_ready();
  ASSIGN_OR_RETURN(const FileDescriptor input, memory_file(command.input));
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("the sandbox cannot be started");
  const FileDescriptor output(ends[0]);
  FileDescriptor written(ends[1]);
  std::vector<std::string> words = bubblewrap_words(command);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) become_sandbox(input.get(), written.get(), pointers.data(), limits);
  if (child < 0) return failed("the sandbox cannot be started");
  written.reset();
  return follow(child, output.get(), command, limits);
}

}  // namespace rondo::assist
