#include "base/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace rondo {

Result<TemporaryFolder> TemporaryFolder::make(std::string_view name, std::string parent) {
  std::error_code error;
  if (parent.empty()) parent = std::filesystem::temp_directory_path(error).string();
  std::string path = parent + "/" + std::string(name) + "-XXXXXX";
  if (error || ::mkdtemp(path.data()) == nullptr) {
    return unavailable_error("the folder " + path + " cannot be made: " +
                             (error ? error.message() : std::string(std::strerror(errno))));
  }
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace rondo
