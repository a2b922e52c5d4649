#include "cli/type_checks.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace rondo::cli {
namespace {

// A checker of the files with one of these endings.
struct TypeChecker {
  std::string program;
  std::vector<std::string> endings;
  std::vector<std::string> options;
};

// Each file by its place in the tree; what is not installed is of any type.
const TypeChecker kMypy = {
    "mypy",
    {".py", ".pyi"},
    {"--namespace-packages", "--explicit-package-bases", "--ignore-missing-imports"}};
const TypeChecker kTsc = {
    "tsc", {".ts", ".tsx", ".mts", ".cts"}, {"--noEmit", "--pretty", "false"}};

bool is_of(const TypeChecker& checker, const std::string& path) {
  return std::any_of(checker.endings.begin(), checker.endings.end(),
                     [&](const std::string& ending) { return path.ends_with(ending); });
}

// Its absolute path; empty: it is nowhere.
std::string find_program(const std::string& name, const std::vector<std::string>& tools) {
  std::vector<std::string> folders;
  for (const std::string& tool : tools) {
    for (const char* below : {"", "/bin", "/.bin", "/node_modules/.bin"}) {
      folders.push_back(tool + below);
    }
  }
  folders.insert(folders.end(), {"/usr/local/bin", "/usr/bin"});
  for (const std::string& folder : folders) {
    std::string path = folder + "/" + name;
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return "";
}

}  // namespace

TypeChecks type_checks(const std::string& root, const std::vector<std::string>& paths,
                       const std::vector<std::string>& tools) {
  TypeChecks all;
  for (const TypeChecker* checker : {&kMypy, &kTsc}) {
    std::vector<std::string> files;
    std::copy_if(paths.begin(), paths.end(), std::back_inserter(files),
                 [&](const std::string& path) { return is_of(*checker, path); });
    if (files.empty()) continue;
    const std::string program = find_program(checker->program, tools);
    if (program.empty()) {
      all.missing.push_back(checker->program);
      continue;
    }
    assist::Check check{.name = checker->program, .words = {program}, .no_worse = true};
    check.words.insert(check.words.end(), checker->options.begin(), checker->options.end());
    std::error_code error;
    if (checker == &kTsc && std::filesystem::exists(root + "/tsconfig.json", error)) {
      files = {"--project", "."};  // which files, and how strictly
    }
    check.words.insert(check.words.end(), files.begin(), files.end());
    all.checks.push_back(std::move(check));
  }
  return all;
}

}  // namespace rondo::cli
