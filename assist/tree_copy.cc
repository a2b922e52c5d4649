#include "assist/tree_copy.h"

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

}  // namespace

Result<TreeCopy> TreeCopy::make(const std::string& root, const std::vector<std::string>& paths,
                                const std::string& parent) {
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) return not_written(parent, error.message());
  Result<TemporaryFolder> folder = TemporaryFolder::make("check", parent);
  if (!folder.ok()) return not_written(parent, folder.status().message());
  TreeCopy copy(std::move(*folder));
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
