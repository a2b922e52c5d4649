#include "cli/background.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace rondo::cli {
namespace {

constexpr char kReady = '+';  // else: the error's sentence

Status impossible(const char* what) {
  return unavailable_error(std::string("no process can be started in the background: ") + what +
                           ": " + std::strerror(errno));
}

void forget_streams() {
  const FileDescriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(nothing.get(), stream);
  }
}

Status wait_until_ready(FileDescriptor child) {
  std::string said;
  std::array<char, 512> buffer;
  for (ssize_t n; (n = ::read(child.get(), buffer.data(), buffer.size())) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    said.append(buffer.data(), static_cast<size_t>(n));
  }
  if (said == std::string(1, kReady)) return {};
  return unavailable_error(said.empty() ? "the daemon ended as it started" : said);
}

}  // namespace

Result<std::optional<Background>> Background::start() {
  std::array<int, 2> pipe;
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return impossible("pipe");
  FileDescriptor ours(pipe[0]);
  FileDescriptor theirs(pipe[1]);
  const pid_t child = ::fork();
  if (child < 0) return impossible("fork");
  if (child > 0) {
    theirs.reset();
    ::waitpid(child, nullptr, 0);
    RETURN_IF_ERROR(wait_until_ready(std::move(ours)));
    return std::optional<Background>();
  }
  ::setsid();
  if (::fork() != 0) ::_exit(0);  // its child can never get a terminal, and has no parent here
  ours.reset();
  if (::chdir("/") != 0) ::_exit(1);
  forget_streams();
  return std::optional(Background(std::move(theirs)));
}

void Background::ready() {
  (void)!::write(parent_.get(), &kReady, 1);
  parent_.reset();
}

void Background::failed(const Status& status) {
  (void)!::write(parent_.get(), status.message().data(), status.message().size());
  parent_.reset();
}

}  // namespace rondo::cli
