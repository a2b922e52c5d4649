// DaemonPlace: where the daemon of a user is found. A folder that is the user's alone holds
//
//     daemon.sock   where it listens; mode 0600
//     daemon.lock   locked by the daemon as long as it lives
//     start.lock    locked by who looks for the daemon, and starts or replaces it
//
// Symbolic links are never followed there, and what belongs to somebody else is refused. The locks
// end with the process that holds them; whether a file lies there means nothing.
//
// Thread: values and system calls; none of them waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_descriptor.h"
#include "base/status.h"

namespace rondo::lsp {

class DaemonPlace {
 public:
  // "rondo" in `runtime_home` (XDG_RUNTIME_DIR; empty: there is none) or, when that is not this
  // user's, "rondo/run" in `cache_home`; made when it is not there.
  // Errors: Unavailable when the folder cannot be made or used, InvalidArgument when its path is
  // too long for a socket.
  static Result<DaemonPlace> open(const std::string& runtime_home, const std::string& cache_home);

  std::string socket_path() const { return folder_ + "/daemon.sock"; }

  // The locks; each as long as the descriptor is open.
  // Errors: ResourceExhausted when another process has it, Unavailable when the file cannot be
  // used.
  Result<FileDescriptor> lock_daemon() const;
  Result<FileDescriptor> lock_start() const { return lock("start.lock"); }

  // A socket that listens and does not block; one that an earlier daemon left is replaced.
  // REQUIRES: the caller holds lock_daemon(). Errors: Unavailable.
  Result<FileDescriptor> listen() const;
  // New clients do not find the daemon any more. REQUIRES: as for listen().
  void remove_socket() const;

  // Whether the process at the other end of `socket`, a connection to the daemon, holds
  // lock_daemon(): it is the daemon, and not another that has taken its socket. Its process id, or
  // nothing when it is not, or this system does not say.
  std::optional<int64_t> process_behind(int socket) const;

  // A connection to the daemon.
  // Errors: NotFound when none listens; Unavailable when what listens is not this user's.
  Result<FileDescriptor> connect() const;

 private:
  DaemonPlace(std::string folder, FileDescriptor fd)
      : folder_(std::move(folder)), fd_(std::move(fd)) {}
  Result<FileDescriptor> lock(const char* name) const;
  Status check_socket() const;

  std::string folder_;
  FileDescriptor fd_;  // of the folder
};

// Whether the process at the other end of a unix socket belongs to this user.
bool peer_is_this_user(int socket);

}  // namespace rondo::lsp
