#include "workspace/ignore_rules.h"

#include <git2.h>
#include <git2/sys/repository.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/check.h"
#include "workspace/path.h"

namespace rondo::workspace {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxIgnoreFileBytes = 1 << 20;

// The text of an ignore file; empty when it cannot be read.
std::string read_rules(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  if (fs::file_size(path, error) > kMaxIgnoreFileBytes || error) return {};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string rules = std::move(text).str() + '\n';
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (rules.starts_with(kByteOrderMark)) rules.erase(0, kByteOrderMark.size());
  return rules;
}

// Whether a rule has a folder in it: "a/b" and "/a" do, "a/" does not.
bool has_folder(std::string_view rule) {
  const size_t slash = rule.find('/');
  return slash != rule.npos && rule.find_first_not_of(" \t", slash + 1) != rule.npos;
}

std::string escape_glob(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (std::string_view("\\*?[ ").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::optional<fs::path> top_of_repository(const fs::path& root) {
  std::error_code error;
  for (fs::path folder = root;; folder = folder.parent_path()) {
    if (fs::exists(folder / ".git", error)) return folder;
    if (!folder.has_relative_path()) return std::nullopt;
  }
}

}  // namespace

bool is_ignore_file(std::string_view path) {
  return name_of(path) == ".gitignore" || name_of(path) == ".rondoignore";
}

void IgnoreFile::Deleter::operator()(git_repository* repository) const {
  git_repository_free(repository);
}

IgnoreFile::Rules IgnoreFile::make_rules(const std::string& text) {
  static const int once = git_libgit2_init();  // and never ended: other threads may be in it
  (void)once;
  git_odb* objects = nullptr;
  git_repository* repository = nullptr;
  // A bare repository: libgit2 looks for no files beside the rules.
  const bool made = git_odb_new(&objects) == 0 &&
                    git_repository_wrap_odb(&repository, objects) == 0 &&
                    git_repository_set_bare(repository) == 0 &&
                    git_ignore_add_rule(repository, text.c_str()) == 0;
  git_odb_free(objects);
  CHECK(made, "libgit2 makes an in-memory repository");
  return Rules(repository);
}

// libgit2 drops a "!rule" when no rule before it in the same text ignores what it keeps; so each is
// preceded by the rule that it takes back.
IgnoreFile::IgnoreFile(std::string_view rules) {
  std::istringstream lines{std::string(rules)};
  std::string text;
  bool has_negation = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    names_only_ &= line.starts_with('#') || (!line.starts_with('/') && !has_folder(line));
    if (line.starts_with('!')) {
      names_only_ &= !line.starts_with("!/");
      has_negation = true;
      text += line.substr(1) + '\n';
    }
    text += line + '\n';
  }
  rules_ = make_rules(text);
  if (has_negation) rules_after_all_ = make_rules("*\n" + text);
}

IgnoreFile::Verdict IgnoreFile::judge(const std::string& path, bool is_folder) const {
  const auto ignored_by = [&](const Rules& rules) {
    int ignored = 0;
    std::string slashed = names_only_ ? std::string(name_of(path)) : path;
    if (is_folder) slashed += '/';
    if (git_ignore_path_is_ignored(&ignored, rules.get(), slashed.c_str()) != 0) return true;
    return ignored != 0;
  };
  if (ignored_by(rules_)) return Verdict::kIgnored;
  if (rules_after_all_ != nullptr && !ignored_by(rules_after_all_)) return Verdict::kKept;
  return Verdict::kNone;
}

void IgnoreFile::keep_folder(std::string_view path) {
  if (names_only_) return;  // folders above are not asked about
  const std::string rule = '/' + escape_glob(path) + '/';
  const std::string rules = rule + "\n!" + rule + '\n';
  const bool added = git_ignore_add_rule(rules_.get(), rules.c_str()) == 0;
  CHECK(added, "an escaped path is a rule");
}

IgnoreRules::IgnoreRules(std::string root, std::string_view defaults) : root_(std::move(root)) {
  git_.add_outer(std::string(defaults), "");
  const fs::path path(root_);
  const std::optional<fs::path> top = top_of_repository(path);
  bool in_repository = false;
  fs::path folder = path.root_path();
  for (const fs::path& part : path.relative_path()) {
    const std::string prefix = path.lexically_relative(folder).generic_string() + '/';
    rondo_.add_outer(read_rules(folder / ".rondoignore"), prefix);
    in_repository |= folder == top;
    if (folder == top) git_.add_outer(read_rules(folder / ".git/info/exclude"), prefix);
    if (in_repository) git_.add_outer(read_rules(folder / ".gitignore"), prefix);
    folder /= part;
  }
  if (path == top) git_.add_outer(read_rules(path / ".git/info/exclude"), "");
  read_folder("");
}

void IgnoreRules::read_folder(std::string_view folder) {
  const fs::path path = fs::path(root_) / folder;
  git_.add_folder(folder, read_rules(path / ".gitignore"));
  rondo_.add_folder(folder, read_rules(path / ".rondoignore"));
}

IgnoredBy IgnoreRules::ignored_by(std::string_view path, bool is_folder) {
  bool kept = false;
  if (rondo_.ignores(path, is_folder, kept)) return IgnoredBy::kRondoignore;
  return git_.ignores(path, is_folder, kept) ? IgnoredBy::kGitRules : IgnoredBy::kNothing;
}

void IgnoreRules::Chain::add_outer(const std::string& rules, std::string prefix) {
  if (!rules.empty()) outer.push_back({.rules = IgnoreFile(rules), .prefix = std::move(prefix)});
}

void IgnoreRules::Chain::add_folder(std::string_view folder, const std::string& rules) {
  if (!rules.empty()) folders.emplace(folder, IgnoreFile(rules));
}

bool IgnoreRules::Chain::ignores(std::string_view path, bool is_folder, bool& kept) {
  // Innermost first: the first verdict counts, but outer rules have to learn of folders kept.
  const auto ignored_by = [&](IgnoreFile& rules, const std::string& relative) {
    const IgnoreFile::Verdict verdict = rules.judge(relative, is_folder);
    if (verdict == IgnoreFile::Verdict::kIgnored && !kept) return true;
    if (verdict == IgnoreFile::Verdict::kIgnored && is_folder) rules.keep_folder(relative);
    kept |= verdict == IgnoreFile::Verdict::kKept;
    return false;
  };
  for (std::string_view folder = path; !folder.empty();) {
    folder = folder_of(folder);
    const auto rules = folders.find(folder);
    if (rules == folders.end()) continue;
    const size_t skip = folder.empty() ? 0 : folder.size() + 1;
    if (ignored_by(rules->second, std::string(path.substr(skip)))) return true;
  }
  for (auto rules = outer.rbegin(); rules != outer.rend(); ++rules) {
    if (ignored_by(rules->rules, rules->prefix + std::string(path))) return true;
  }
  return false;
}

}  // namespace rondo::workspace
