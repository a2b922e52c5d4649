#include "lsp/ssh_link.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <utility>

#include "lsp/spawn.h"

namespace rondo::lsp {
namespace {

constexpr std::string_view kScheme = "ssh:";

// For a shell of the other machine, whichever it is: ssh's commands do not see what a login does,
// and installing without root puts programs into ~/.local/bin.
constexpr const char* kCommand =
    "exec sh -c 'PATH=\"$PATH:$HOME/.local/bin\"; exec rondo lsp --remote'";

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
  ASSIGN_OR_RETURN(ssh_, spawn({"ssh", "-T", "-oBatchMode=yes", "--", host_, kCommand}, its.get()));
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
