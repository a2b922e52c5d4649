// Scanner: the files of a workspace folder that may be read.
//
// Left out are: what the ignore files and the defaults below ignore (ignore_rules.h), files with
// secrets (secrets.h), files that are too large or binary, and everything behind symbolic links:
// a link to a place inside the workspace leads to a file that is found anyway, and others lead out
// of it. Devices, pipes and sockets are no files.
//
// Thread: one, except for read_source(), which any thread may call.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/status.h"
#include "workspace/ignore_rules.h"

namespace rondo::workspace {

struct ScanOptions {
  int64_t max_files = 300'000;
  int64_t max_file_bytes = 4 << 20;
};

struct ScanSummary {
  int64_t n_files = 0;
  int64_t n_ignored = 0;  // files and folders
  int64_t n_secret = 0;   // by name
  std::string note;       // what the user should know, a sentence: "more than ..."; else empty
};

class Scanner {
 public:
  // Errors: NotFound when `root` is not a folder that can be read.
  static Result<Scanner> open(const std::string& root, ScanOptions options = {});

  // The folder, absolute and without links.
  const std::string& root() const { return root_; }

  // Walks the folder and calls `found` for the path of each file, relative and with '/', in the
  // order of the paths within each folder. Errors: Cancelled.
  Result<ScanSummary> scan(const std::function<void(std::string path)>& found,
                           std::stop_token stop);

  // Why a file must not be read, as a part of a sentence ("is ignored"), whether it exists or not;
  // nothing when it may. By its path alone: read_source() looks at its bytes.
  std::optional<std::string> reason_to_exclude(std::string_view path);

 private:
  Scanner(std::string root, ScanOptions options);
  Status scan_folder(const std::string& folder, const std::function<void(std::string)>& found,
                     std::stop_token stop, ScanSummary& summary);

  std::string root_;
  ScanOptions options_;
  IgnoreRules rules_;
  std::set<std::string, std::less<>> entered_;  // folders whose ignore files were read
};

// The bytes of the file at `path` below `root`.
// Errors: NotFound when it cannot be opened or a part of the path is a link; ResourceExhausted when
// it is larger than `max_bytes`; InvalidArgument when it is no regular file, is binary or holds a
// secret. Each says why.
Result<std::string> read_source(const std::string& root, std::string_view path, int64_t max_bytes);

}  // namespace rondo::workspace
