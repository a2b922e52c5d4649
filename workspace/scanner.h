// Scanner: the files of a workspace folder that may be read, and the one place that answers whether
// the model may read a document.
//
// Left out are: what the ignore files and the defaults below ignore (ignore_rules.h), files with
// secrets (secrets.h), files that are too large or binary, and everything behind symbolic links:
// a link to a place inside the workspace leads to a file that is found anyway, and others lead out
// of it. Devices, pipes and sockets are no files.
//
// Thread: one, except for the free functions, which any thread may call. All read files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/status.h"
#include "workspace/ignore_rules.h"
#include "workspace/text.h"

namespace rondo::workspace {

// Why the model must not read a file or document.
struct Exclusion {
  std::string reason;  // a part of a sentence: "is ignored"
  // Secrets and what .rondoignore names: the model must not see it at all. Else it may complete in
  // the document, but what stands there is no context for others.
  bool at_all = false;

  bool operator==(const Exclusion&) const = default;
};

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

  // By its path alone, whether it exists or not; nothing when it may be read.
  std::optional<Exclusion> exclusion(std::string_view path);
  // Of what a client has open: by its path, by where that leads when it is a link, by its text.
  std::optional<Exclusion> exclusion(std::string_view path, const Text& text);

 private:
  Scanner(std::string root, ScanOptions options);
  IgnoredBy enter(std::string_view folder);
  Status scan_folder(const std::string& folder, const std::function<void(std::string)>& found,
                     std::stop_token stop, ScanSummary& summary);

  std::string root_;
  ScanOptions options_;
  IgnoreRules rules_;
  // Folders whose ignore files were read, and what ignores these folders.
  std::map<std::string, IgnoredBy, std::less<>> entered_;
};

// The same for what a client has open outside of its workspace folders, at an absolute path: it is
// no context for others anyway, so the result is nothing or at_all, by each .rondoignore on the
// way.
std::optional<Exclusion> exclusion_outside(const std::string& path, const Text& text);

// The bytes of the file at `path` below `root`.
// Errors: NotFound when it cannot be opened or a part of the path is a link; ResourceExhausted when
// it is larger than `max_bytes`; InvalidArgument when it is no regular file, is binary or holds a
// secret. Each says why.
Result<std::string> read_source(const std::string& root, std::string_view path, int64_t max_bytes);

}  // namespace rondo::workspace
