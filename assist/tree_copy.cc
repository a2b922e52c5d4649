#include "assist/tree_copy.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace rondo::assist {
namespace {

namespace fs = std::filesystem;

Status not_written(const std::string& path, const std::string& reason) {
  return unavailable_error("the copy for checks, " + path + ", cannot be written: " + reason);
}

constexpr std::string_view kName = "rondo-check";

FileDescriptor open_folder(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The folders of copies that nobody has locked any more.
void remove_left(const std::string& parent) {
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with(std::string(kName) + "-")) continue;
    const FileDescriptor folder = open_folder(it->path());
    if (!folder || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) continue;
    std::error_code ignored;
    fs::remove_all(it->path(), ignored);
  }
}

}  // namespace

// Another process may take a new folder for one that was left, until it is locked.
Result<TreeCopy> TreeCopy::make_empty(const std::string& parent) {
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) return not_written(parent, error.message());
  for (int i = 0; i < 10; ++i) {
    remove_left(parent);
    Result<TemporaryFolder> folder = TemporaryFolder::make(kName, parent);
    if (!folder.ok()) return not_written(parent, folder.status().message());
    FileDescriptor lock = open_folder(folder->path());
    const bool locked = lock && ::flock(lock.get(), LOCK_EX) == 0;
    if (locked && fs::exists(folder->path(), error)) {
      return TreeCopy(std::move(*folder), std::move(lock));
    }
  }
  return not_written(parent, "its folder cannot be locked");
}

Result<TreeCopy> TreeCopy::make(const std::string& root, const std::vector<std::string>& paths,
                                const std::string& parent) {
  ASSIGN_OR_RETURN(TreeCopy copy, make_empty(parent));
  std::error_code error;
  std::string made;  // the folder that the last file went into
  for (const std::string& path : paths) {
    const fs::path to = fs::path(copy.folder()) / path;
    if (made != to.parent_path().string()) {
      made = to.parent_path().string();
      fs::create_directories(made, error);
    }
    fs::copy_file(fs::path(root) / path, to, error);
    const bool gone = error == std::errc::no_such_file_or_directory;
    if (error && !gone) return not_written(to.string(), error.message());
  }
  return copy;
}

Status TreeCopy::put(std::string_view path, std::string_view bytes) const {
  const std::string file = folder() + "/" + std::string(path);
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  return stream ? Status() : not_written(file, std::strerror(errno));
}

}  // namespace rondo::assist
