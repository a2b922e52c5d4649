#include "lsp/daemon_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace rondo::lsp {
namespace {

constexpr const char* kSocketName = "daemon.sock";
constexpr const char* kLockName = "daemon.lock";
constexpr int kBacklog = 64;

Status unusable(const std::string& what, const std::string& why) {
  return unavailable_error("the daemon cannot use " + what + ": " + why);
}
Status failed(const std::string& what) { return unusable(what, std::strerror(errno)); }

bool is_this_user(const struct stat& info) { return info.st_uid == ::geteuid(); }

// Opens a folder of this user's; what stands at the end of `path` must be no link.
Result<FileDescriptor> open_own_folder(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0) return failed(path);
  if (!is_this_user(info)) return unusable(path, "it belongs to another user");
  return fd;
}

std::string choose_folder(const std::string& runtime_home, const std::string& cache_home) {
  const bool usable = !runtime_home.empty() && open_own_folder(runtime_home).ok();
  return usable ? runtime_home + "/rondo" : cache_home + "/rondo/run";
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) {
    return invalid_argument_error("the path of the daemon's socket, " + path + ", is longer than " +
                                  std::to_string(sizeof address.sun_path - 1) +
                                  " bytes; set XDG_RUNTIME_DIR to a folder with a shorter path");
  }
  path.copy(address.sun_path, path.size());
  return address;
}

Result<FileDescriptor> new_socket() {
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failed("a socket");
  return fd;
}

}  // namespace

Result<DaemonPlace> DaemonPlace::open(const std::string& runtime_home,
                                      const std::string& cache_home) {
  const std::string folder = choose_folder(runtime_home, cache_home);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(folder);
  ASSIGN_OR_RETURN(FileDescriptor fd, open_own_folder(folder));
  if (::fchmod(fd.get(), 0700) != 0) return failed(folder);
  DaemonPlace place(folder, std::move(fd));
  RETURN_IF_ERROR(address_of(place.socket_path()).status());
  return place;
}

Result<FileDescriptor> DaemonPlace::lock(const char* name) const {
  const std::string path = folder_ + "/" + name;
  FileDescriptor fd(
      ::openat(fd_.get(), name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0) return failed(path);
  if (!S_ISREG(info.st_mode) || !is_this_user(info)) {
    return unusable(path, "it is no file of this user");
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return resource_exhausted_error("another rondo holds " + path);
  }
  return fd;
}

Result<FileDescriptor> DaemonPlace::lock_daemon() const { return lock(kLockName); }

// Errors: NotFound when nothing is there, Unavailable when it is no socket of this user.
Status DaemonPlace::check_socket() const {
  struct stat info;
  if (::fstatat(fd_.get(), kSocketName, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? not_found_error("no daemon listens at " + socket_path())
                           : failed(socket_path());
  }
  if (!S_ISSOCK(info.st_mode) || !is_this_user(info)) {
    return unusable(socket_path(), "it is no socket of this user; remove it");
  }
  return {};
}

Result<FileDescriptor> DaemonPlace::listen() const {
  ASSIGN_OR_RETURN(const sockaddr_un address, address_of(socket_path()));
  const Status left = check_socket();
  if (left.ok()) {
    remove_socket();
  } else if (left.code() != Code::kNotFound) {
    return left;
  }
  ASSIGN_OR_RETURN(FileDescriptor fd, new_socket());
  // Until listen() nobody can connect, whatever the mode is.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::fchmodat(fd_.get(), kSocketName, 0600, 0) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return failed(socket_path());
  }
  return fd;
}

void DaemonPlace::remove_socket() const { ::unlinkat(fd_.get(), kSocketName, 0); }

Result<FileDescriptor> DaemonPlace::connect() const {
  RETURN_IF_ERROR(check_socket());
  ASSIGN_OR_RETURN(const sockaddr_un address, address_of(socket_path()));
  ASSIGN_OR_RETURN(FileDescriptor fd, new_socket());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno == ECONNREFUSED || errno == ENOENT
               ? not_found_error("no daemon listens at " + socket_path())
               : failed(socket_path());
  }
  if (!peer_is_this_user(fd.get())) {
    return unusable(socket_path(), "another user's process listens there");
  }
  return fd;
}

// A line of /proc/locks:  1: FLOCK  ADVISORY  WRITE 4711 fd:01:131213 0 EOF
std::optional<int64_t> DaemonPlace::process_behind(int socket) const {
  ucred peer = {};
  socklen_t size = sizeof peer;
  struct stat lock;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::geteuid() ||
      ::fstatat(fd_.get(), kLockName, &lock, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::nullopt;
  }
  const std::string inode = ":" + std::to_string(lock.st_ino);
  std::ifstream locks("/proc/locks");
  std::string number, type, mode, access, process, file;
  for (std::string line; std::getline(locks, line);) {
    std::istringstream(line) >> number >> type >> mode >> access >> process >> file;
    if (type == "FLOCK" && process == std::to_string(peer.pid) && file.ends_with(inode)) {
      return peer.pid;
    }
  }
  return std::nullopt;
}

bool peer_is_this_user(int socket) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

}  // namespace rondo::lsp
