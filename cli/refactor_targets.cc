#include "cli/refactor_targets.h"

#include <filesystem>
#include <iostream>
#include <utility>

#include "cli/place.h"

namespace rondo::cli {

namespace fs = std::filesystem;

Result<RefactorTargets> RefactorTargets::of(const std::string& workspace,
                                            const std::vector<std::string>& paths) {
  std::string folder = workspace;
  std::error_code error;
  if (folder.empty() && !paths.empty() && paths[0] != "-") {
    const fs::path first = fs::canonical(paths[0], error);
    if (error) return not_found_error("there is no " + paths[0]);
    const fs::path start = fs::is_directory(first, error) ? first : first.parent_path();
    folder = workspace_around(start.string());
  }
  ASSIGN_OR_RETURN(const std::string root, find_workspace(folder));
  ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(root));
  RefactorTargets targets(root, std::move(scanner));
  for (const std::string& path : paths) RETURN_IF_ERROR(targets.add(path));
  return targets;
}

Status RefactorTargets::add(const std::string& path) {
  if (path == "-") {
    for (std::string line; std::getline(std::cin, line);) {
      if (!line.empty() && line != "-") RETURN_IF_ERROR(add(line));
    }
    return {};
  }
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return not_found_error("there is no " + path);
  const std::string relative = real.lexically_relative(root_).generic_string();
  if (relative.starts_with("..")) {
    return invalid_argument_error(path + " is not inside " + root_ +
                                  "; name the folder of all with --workspace");
  }
  if (fs::is_directory(real, error)) return add_folder(relative);
  if (const auto exclusion = scanner_.exclusion(relative)) {
    left_.push_back({relative, exclusion->reason});
  } else {
    paths_.insert(relative);
  }
  return {};
}

Status RefactorTargets::add_folder(const std::string& folder) {
  const std::string prefix = folder == "." ? "" : folder + "/";
  ASSIGN_OR_RETURN(const std::vector<std::string> all, all_paths());
  for (const std::string& path : all) {
    if (path.starts_with(prefix)) paths_.insert(path);
  }
  return {};
}

Result<std::vector<std::string>> RefactorTargets::all_paths() {
  if (!scanned_) {
    const auto note = [this](std::string path) { all_.push_back(std::move(path)); };
    ASSIGN_OR_RETURN(const auto summary, scanner_.scan(note, {}));
    scanned_ = true;
  }
  return all_;
}

}  // namespace rondo::cli
