// The files that configure Rondo: the user's, a workspace's, and the list of workspaces that the
// user trusts.
//
// Thread: any; reading waits for the disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/layer.h"

namespace rondo::config {

inline constexpr const char* kWorkspaceFile = ".rondo.json";

struct Places {
  std::string user_file;   // config.json
  std::string trust_file;  // trust.json
};

enum class Links { kFollowed, kRefused };

// The text of a regular file of at most 64 KiB; never waits for who writes it.
// Errors: NotFound when it is not there, InvalidArgument when it is something else, or larger.
Result<std::string> read_small_file(const std::string& path, Links links);

// What the user's file says; nothing when there is none.
Layer user_layer(const Places& places);

// What the workspace `folder` says, as far as it may: more once the user has approved it.
Layer workspace_layer(const Places& places, const std::string& folder);

// Both, for the workspaces `folders`.
struct FileLayers {
  Layer user;
  std::map<std::string, Layer> workspaces;  // by folder, as it was given
};
FileLayers read_layers(const Places& places, const std::vector<std::string>& folders);

// The text that an approval of `folder` is of: its configuration's, empty when it has none.
// Errors: those of read_small_file() but NotFound.
Result<std::string> workspace_text(const std::string& folder);

// Whether the user has approved what the workspace `folder` says now. What goes wrong means no.
bool is_trusted(const Places& places, const std::string& folder);

// An absolute path without links, "." and "..": as approvals name a folder.
// Errors: NotFound when it is no folder.
Result<std::string> canonical_folder(const std::string& folder);

}  // namespace rondo::config
