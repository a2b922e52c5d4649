// How a client gets a connection to the daemon of another machine: ssh starts `rondo lsp --remote`
// there, a forwarder as the one here. It says one line, a Welcome, before the protocol.
//
// Thread: any but the loop: waits. One at a time. Ownership: owns the ssh process, which ends when
// the connection is closed.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/file_descriptor.h"
#include "base/status.h"
#include "lsp/handshake.h"

namespace rondo::lsp {

class SshLink {
 public:
  // To `target`, "ssh:HOST", where ssh knows HOST. Errors: InvalidArgument for anything else.
  static Result<SshLink> to(std::string_view target);
  SshLink(SshLink&& other) noexcept;
  SshLink& operator=(SshLink&&) = delete;
  ~SshLink();

  // A connection on which the other side serves. Nobody is asked for a password.
  // Errors: Unavailable when ssh does not reach it, there is no rondo, or it is of another
  // protocol.
  Result<FileDescriptor> reach(const Patience& patience);
  const std::string& host() const { return host_; }

 private:
  explicit SshLink(std::string host) : host_(std::move(host)) {}
  void end();

  std::string host_;
  pid_t ssh_ = -1;  // -1: none runs
};

}  // namespace rondo::lsp
