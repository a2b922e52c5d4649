// Trust: the workspaces whose configuration the user has approved. An approval is of a folder and
// of the text of its configuration as it was then; it is compared byte by byte, so that a file that
// was changed counts as never approved.
//
//     {"/home/me/shop": "{\"model\": \"/srv/models/shop\"}\n", ...}        trust.json, mode 0600
//
// Thread: values; reading and writing waits for the disk.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace rondo::config {

class Trust {
 public:
  // What the file at `path` says; nobody is trusted when it is not there.
  // Errors: InvalidArgument when it is not what we wrote.
  static Result<Trust> read(const std::string& path);
  // Writes the file, in one step. Errors: Unavailable.
  Status write(const std::string& path) const;

  // `folder` is absolute, without links; `text` is its configuration file's, empty when there is
  // none.
  bool approves(const std::string& folder, std::string_view text) const;
  void approve(const std::string& folder, std::string_view text);
  // False when it was not approved.
  bool revoke(const std::string& folder) { return approved_.erase(folder) > 0; }

  const std::map<std::string, std::string>& approved() const { return approved_; }

 private:
  std::map<std::string, std::string> approved_;  // texts by folder
};

}  // namespace rondo::config
