#include "cli/refactor_targets.h"

#include <filesystem>
#include <iostream>
#include <utility>

#include "assist/git_tree.h"
#include "assist/glob.h"
#include "assist/regex.h"
#include "cli/place.h"

namespace rondo::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kWild = "*?";

// A path with '*' or '?' that is no file is a glob.
bool is_glob(const std::string& path) {
  std::error_code error;
  return path.find_first_of(kWild) != path.npos && !fs::exists(path, error);
}

// The folder that all lies in that a glob can match: what stands before its first wild name.
std::string folder_of_glob(const std::string& glob) {
  const size_t slash = glob.rfind('/', glob.find_first_of(kWild));
  if (slash == glob.npos) return ".";
  return slash == 0 ? "/" : glob.substr(0, slash);
}

// Where the workspace is looked for.
Result<std::string> folder_around(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(is_glob(path) ? folder_of_glob(path) : path, error);
  if (error) return not_found_error("there is no " + path);
  return (fs::is_directory(real, error) ? real : real.parent_path()).string();
}

}  // namespace

Result<RefactorTargets> RefactorTargets::of(const std::string& workspace,
                                            const std::vector<std::string>& paths) {
  std::string folder = workspace;
  if (folder.empty() && !paths.empty() && paths[0] != "-") {
    ASSIGN_OR_RETURN(folder, folder_around(paths[0]));
    folder = workspace_around(folder);
  }
  ASSIGN_OR_RETURN(const std::string root, find_workspace(folder));
  ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(root));
  RefactorTargets targets(root, std::move(scanner));
  for (const std::string& path : paths) RETURN_IF_ERROR(targets.add(path));
  return targets;
}

Status RefactorTargets::keep_changed(const std::string& revisions) {
  ASSIGN_OR_RETURN(const std::vector<std::string> changed, assist::files_of_diff(root_, revisions));
  std::set<std::string> named;
  std::swap(named, paths_);
  for (const std::string& path : changed) {
    std::error_code error;
    const bool meant = !named_any_ || named.contains(path);
    if (meant && fs::is_regular_file(root_ + "/" + path, error)) add_file(path);
  }
  return {};
}

Status RefactorTargets::add(const std::string& path) {
  if (path == "-") {
    for (std::string line; std::getline(std::cin, line);) {
      if (!line.empty() && line != "-") RETURN_IF_ERROR(add(line));
    }
    return {};
  }
  named_any_ = true;
  if (is_glob(path)) return add_glob(path);
  ASSIGN_OR_RETURN(const std::string relative, below_root(path));
  std::error_code error;
  if (fs::is_directory(root_ + "/" + relative, error)) return add_folder(relative);
  add_file(relative);
  return {};
}

Result<std::string> RefactorTargets::below_root(const std::string& path) const {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return not_found_error("there is no " + path);
  std::string relative = real.lexically_relative(root_).generic_string();
  if (!relative.starts_with("..")) return relative;
  return invalid_argument_error(path + " is not inside " + root_ +
                                "; name the folder of all with --workspace");
}

void RefactorTargets::add_file(const std::string& relative) {
  if (const auto exclusion = scanner_.exclusion(relative)) {
    left_.push_back({relative, exclusion->reason});
  } else {
    paths_.insert(relative);
  }
}

// As in a shell where "**" is for folders; what is ignored is not matched.
Status RefactorTargets::add_glob(const std::string& glob) {
  const std::string folder = folder_of_glob(glob);
  ASSIGN_OR_RETURN(const std::string below, below_root(folder));
  const std::string rest = glob.substr(folder == "." && !glob.starts_with("./") ? 0
                                       : folder == "/"                          ? 1
                                                       : folder.size() + 1);
  // The '/' makes it about whole paths.
  const std::string whole = "/" + (below == "." ? "" : below + "/") + rest;
  ASSIGN_OR_RETURN(const assist::Regex regex, assist::Regex::compile(assist::regex_of_glob(whole)));
  ASSIGN_OR_RETURN(const std::vector<std::string> all, all_paths());
  bool found = false;
  for (const std::string& path : all) {
    ASSIGN_OR_RETURN(const auto match, regex.find("/" + path, 0));
    if (match) paths_.insert(path);
    found = found || match;
  }
  if (found) return {};
  return not_found_error("no file matches " + glob +
                         "; '*' stands for a part of a name, '**' for any folders");
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
