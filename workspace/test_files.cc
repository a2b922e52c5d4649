#include "workspace/test_files.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "workspace/path.h"

namespace rondo::workspace {
namespace {

constexpr size_t kMaxFiles = 4;
constexpr std::string_view kFolders[] = {"test", "tests", "__tests__", "spec", "testing"};
constexpr std::string_view kPrefixes[] = {"test_"};
constexpr std::string_view kSuffixes[] = {"_test", "_tests", "_spec", "Test", "Tests", "_unittest"};

bool has_test_extension(std::string_view path) {
  const std::string_view name = name_of(path);
  return name.find(".test.") != name.npos || name.find(".spec.") != name.npos;
}

// "cart" of test_cart, cart_test, CartTest; the stem itself when it is no test's.
std::string_view tested_stem(std::string_view stem) {
  for (const std::string_view prefix : kPrefixes) {
    if (stem.starts_with(prefix) && stem.size() > prefix.size()) return stem.substr(prefix.size());
  }
  for (const std::string_view suffix : kSuffixes) {
    if (stem.ends_with(suffix) && stem.size() > suffix.size()) {
      return stem.substr(0, stem.size() - suffix.size());
    }
  }
  return stem;
}

// How long the beginnings of two paths are the same.
int64_t common_head(std::string_view a, std::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  return std::mismatch(a.begin(), a.begin() + static_cast<int64_t>(n), b.begin()).first - a.begin();
}

std::vector<std::string> stems_of_tests(std::string_view stem) {
  std::vector<std::string> stems = {std::string(stem)};  // cart.test.ts, tests/cart.rs
  for (const std::string_view prefix : kPrefixes)
    stems.push_back(std::string(prefix) + std::string(stem));
  for (const std::string_view suffix : kSuffixes)
    stems.push_back(std::string(stem) + std::string(suffix));
  return stems;
}

}  // namespace

bool is_test_path(std::string_view path) {
  if (has_test_extension(path)) return true;
  const std::string_view stem = stem_of(path);
  if (tested_stem(stem) != stem) return true;
  for (std::string_view folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
    const std::string_view name = name_of(folder);
    if (std::find(std::begin(kFolders), std::end(kFolders), name) != std::end(kFolders))
      return true;
  }
  return false;
}

std::vector<FileBlocksSnapshot> test_files_of(std::string_view path, const Language& language,
                                              const BlockIndex& index) {
  const bool is_test = is_test_path(path);
  const std::string_view stem = stem_of(path);
  const std::vector<std::string> stems =
      is_test ? std::vector{std::string(tested_stem(stem))} : stems_of_tests(stem);
  std::vector<FileBlocksSnapshot> files;
  for (const std::string& wanted : stems) {
    for (FileBlocksSnapshot& file : index.files_named(wanted)) {
      const bool fits = is_test_path(file->path) != is_test && file->path != path &&
                        family(*file->language) == family(language);
      if (fits) files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(), [&](const auto& a, const auto& b) {
    const int64_t head_a = common_head(a->path, path), head_b = common_head(b->path, path);
    return head_a != head_b ? head_a > head_b : a->path < b->path;
  });
  if (files.size() > kMaxFiles) files.resize(kMaxFiles);
  return files;
}

}  // namespace rondo::workspace
