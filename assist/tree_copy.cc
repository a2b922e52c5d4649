#include "assist/tree_copy.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

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
  std::string name = parent + "/check-XXXXXX";
  if (error || ::mkdtemp(name.data()) == nullptr) return not_written(name, std::strerror(errno));
  TreeCopy copy(name);
  std::string made;  // the folder that the last file went into
  for (const std::string& path : paths) {
    const fs::path to = fs::path(name) / path;
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

TreeCopy::~TreeCopy() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Status TreeCopy::put(std::string_view path, std::string_view bytes) const {
  const std::string file = folder_ + "/" + std::string(path);
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  return stream ? Status() : not_written(file, std::strerror(errno));
}

}  // namespace rondo::assist
