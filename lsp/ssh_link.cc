#include "lsp/ssh_link.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

namespace rondo::lsp {
namespace {

constexpr std::string_view kScheme = "ssh:";

// For a shell of the other machine, whichever it is: ssh's commands do not see what a login does,
// and installing without root puts programs into ~/.local/bin.
constexpr const char* kCommand =
    "exec sh -c 'PATH=\"$PATH:$HOME/.local/bin\"; exec rondo lsp --remote'";

// `words` with `stream` for standard input and output; stderr stays.
Status spawn(const std::vector<std::string>& words, int stream, pid_t& child) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, stream, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, stream, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  const int error =
      ::posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return {};
  return unavailable_error("ssh cannot be started: " + std::string(std::strerror(error)));
}

// The first line, and not a byte more: what follows is the protocol's.
std::string read_line(int socket, const Patience& patience) {
  std::string line;
  char byte = 0;
  while (line.size() < kMaxHandshakeBytes && patience.readable(socket)) {
    if (::recv(socket, &byte, 1, 0) != 1) return {};
    line += byte;
    if (byte == '\n') return line;
  }
  return {};
}

}  // namespace

Result<SshLink> SshLink::to(std::string_view target) {
  const bool is_ssh = target.starts_with(kScheme);
  const std::string_view host = target.substr(is_ssh ? kScheme.size() : 0);
  // What begins with '-' would be an option of ssh.
  if (!is_ssh || host.empty() || host.starts_with('-')) {
    return invalid_argument_error("--connect is " + std::string(target) +
                                  " and must be ssh:HOST, where `ssh HOST` works");
  }
  return SshLink(std::string(host));
}

SshLink::SshLink(SshLink&& other) noexcept
    : host_(std::move(other.host_)), ssh_(std::exchange(other.ssh_, -1)) {}

SshLink::~SshLink() { end(); }

void SshLink::end() {
  if (ssh_ < 0) return;
  ::kill(ssh_, SIGTERM);
  ::waitpid(std::exchange(ssh_, -1), nullptr, 0);
}

Result<FileDescriptor> SshLink::reach(const Patience& patience) {
  end();
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return unavailable_error("no socket for ssh: " + std::string(std::strerror(errno)));
  FileDescriptor ours(ends[0]), its(ends[1]);
  RETURN_IF_ERROR(spawn({"ssh", "-T", "-oBatchMode=yes", "--", host_, kCommand}, its.get(), ssh_));
  its.reset();
  const Result<Welcome> welcome = read_welcome(read_line(ours.get(), patience));
  if (!welcome.ok()) {
    return unavailable_error("no rondo answers on " + host_ + ": see that `ssh " + host_ +
                             " rondo --version` prints a version without asking for anything");
  }
  if (welcome->protocol != kHandshakeProtocol) {
    return unavailable_error("rondo " + welcome->program.version + " on " + host_ +
                             " speaks another protocol; install the same version on both");
  }
  return ours;
}

}  // namespace rondo::lsp
