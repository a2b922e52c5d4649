#include "assist/tree_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/file_descriptor.h"
#include "workspace/path.h"

namespace rondo::assist {
namespace {

// The folder that holds the file at `path`, opened part by part so that no link is followed.
FileDescriptor open_folder(const std::string& root, std::string_view path) {
  FileDescriptor folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (size_t slash; folder && (slash = path.find('/')) != path.npos;
       path.remove_prefix(slash + 1)) {
    const std::string part(path.substr(0, slash));
    const bool leads_out = part.empty() || part == "..";
    folder = FileDescriptor(leads_out ? -1
                                      : ::openat(folder.get(), part.c_str(),
                                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (leads_out) errno = ENOENT;
  }
  return folder;
}

Status cannot(std::string_view path, const char* what) {
  const std::string reason = errno == ELOOP || errno == ENOTDIR
                                 ? "it is behind a link, which is not followed"
                                 : std::strerror(errno);
  return not_found_error(std::string(path) + " cannot be " + what + ": " + reason);
}

struct Opened {
  std::string bytes;
  struct stat info = {};
};

Result<Opened> read_at(int folder, const std::string& name,
                       int64_t max_bytes = std::numeric_limits<int64_t>::max()) {
  const FileDescriptor file(
      ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return cannot(name, "read");
  Opened opened;
  if (::fstat(file.get(), &opened.info) != 0) return cannot(name, "read");
  if (!S_ISREG(opened.info.st_mode)) return invalid_argument_error("is no regular file");
  if (opened.info.st_size > max_bytes)
    return resource_exhausted_error("is larger than " + std::to_string(max_bytes >> 20) + " MiB");
  opened.bytes.reserve(static_cast<size_t>(opened.info.st_size));
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot(name, "read");
    if (n == 0) return opened;
    opened.bytes.append(buffer.data(), static_cast<size_t>(n));
  }
}

Status write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unavailable_error(std::string("cannot be written: ") + std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// A new file beside the old one, on the disk when this returns.
Status write_beside(int folder, const std::string& temporary, std::string_view bytes,
                    const struct stat& like) {
  ::unlinkat(folder, temporary.c_str(), 0);
  const FileDescriptor file(::openat(folder, temporary.c_str(),
                                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return unavailable_error(std::string("cannot be written: ") + std::strerror(errno));
  Status status = write_all(file.get(), bytes);
  const bool other_owner = like.st_uid != ::geteuid() || like.st_gid != ::getegid();
  if (status.ok() && other_owner && ::fchown(file.get(), like.st_uid, like.st_gid) != 0) {
    status = unavailable_error("belongs to somebody else, and cannot be given back to them");
  }
  if (status.ok() &&
      (::fchmod(file.get(), like.st_mode & 07777) != 0 || ::fsync(file.get()) != 0)) {
    status = unavailable_error(std::string("cannot be written: ") + std::strerror(errno));
  }
  if (!status.ok()) ::unlinkat(folder, temporary.c_str(), 0);
  return status;
}

bool exchange(int folder, const std::string& a, const std::string& b) {
  return ::renameat2(folder, a.c_str(), folder, b.c_str(), RENAME_EXCHANGE) == 0;
}

const char* const kChanged = "was changed meanwhile";

}  // namespace

Result<std::string> read_tree_file(const std::string& root, std::string_view path,
                                   int64_t max_bytes) {
  const FileDescriptor folder = open_folder(root, path);
  if (!folder) return cannot(path, "read");
  ASSIGN_OR_RETURN(Opened opened,
                   read_at(folder.get(), std::string(workspace::name_of(path)), max_bytes));
  if (opened.info.st_nlink > 1) {
    return invalid_argument_error("has hard links, which would keep the old text");
  }
  return std::move(opened.bytes);
}

Status replace_tree_file(const std::string& root, std::string_view path, std::string_view before,
                         std::string_view after, const std::string& temporary) {
  const FileDescriptor folder = open_folder(root, path);
  if (!folder) return cannot(path, "changed");
  const std::string name(workspace::name_of(path));
  ASSIGN_OR_RETURN(const Opened old, read_at(folder.get(), name));
  if (old.bytes != before) return stale_error(kChanged);
  RETURN_IF_ERROR(write_beside(folder.get(), temporary, after, old.info));
  Status status;
  if (exchange(folder.get(), temporary, name)) {
    // What was taken out must be what was read: a write in between would be lost.
    const Result<Opened> taken = read_at(folder.get(), temporary);
    if (!taken.ok() || taken->bytes != before) {
      exchange(folder.get(), temporary, name);
      status = stale_error(kChanged);
    }
    ::unlinkat(folder.get(), temporary.c_str(), 0);
  } else if (errno == EINVAL || errno == ENOSYS) {  // a file system without exchange
    if (::renameat(folder.get(), temporary.c_str(), folder.get(), name.c_str()) != 0) {
      status = unavailable_error(std::string("cannot be replaced: ") + std::strerror(errno));
    }
  } else {
    status = errno == ENOENT
                 ? not_found_error("was deleted meanwhile")
                 : unavailable_error(std::string("cannot be replaced: ") + std::strerror(errno));
  }
  if (!status.ok()) ::unlinkat(folder.get(), temporary.c_str(), 0);
  ::fsync(folder.get());
  return status;
}

void clean_tree_file(const std::string& root, std::string_view path, std::string_view before,
                     std::string_view after, const std::string& temporary) {
  const FileDescriptor folder = open_folder(root, path);
  if (!folder) return;
  const Result<Opened> left = read_at(folder.get(), temporary);
  if (!left.ok()) return;
  const std::string name(workspace::name_of(path));
  const Result<Opened> now = read_at(folder.get(), name);
  const bool foreign = left->bytes != before && left->bytes != after;
  if (foreign && now.ok() && now->bytes == after) exchange(folder.get(), temporary, name);
  ::unlinkat(folder.get(), temporary.c_str(), 0);
}

}  // namespace rondo::assist
