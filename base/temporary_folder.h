// A folder of this process that goes, with all that is in it, when its owner does.
//
// Thread: a plain value.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace rondo {

class TemporaryFolder {
 public:
  // `parent`/`name`-XXXXXX, the user's alone. `parent` empty: where the system has such folders.
  // Errors: Unavailable when it cannot be made.
  static Result<TemporaryFolder> make(std::string_view name, std::string parent = "");
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace rondo
