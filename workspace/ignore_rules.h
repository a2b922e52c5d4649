// IgnoreRules: which paths of a workspace folder its ignore files leave out, as git decides it.
//
// Each folder may have a .gitignore and a .rondoignore of the same syntax; the rules of the latter
// come after those of the former, those of inner folders after those of outer ones, and the last
// rule that matches decides. What is inside an ignored folder is ignored. The rules of the folders
// above the workspace folder count up to the top of its git repository, with .git/info/exclude;
// the user's global git configuration does not.
//
// libgit2 parses and matches the rules, one in-memory repository for each folder's rules: its own
// reading of nested files drops a "!rule" that takes back a rule of an outer file.
//
// Thread: one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct git_repository;

namespace rondo::workspace {

// The rules of one folder.
class IgnoreFile {
 public:
  enum class Verdict {
    kNone,  // no rule matches
    kIgnored,
    kKept,  // a "!rule" matches last
  };

  explicit IgnoreFile(std::string_view rules);

  // The verdict on a path relative to the folder. REQUIRES: no folder that the path goes through is
  // ignored, or keep_folder() was called for it.
  Verdict judge(const std::string& path, bool is_folder) const;

  // Takes note that rules of other files kept a folder that these ignore.
  void keep_folder(std::string_view path);

 private:
  struct Deleter {
    void operator()(git_repository* repository) const;
  };
  using Rules = std::unique_ptr<git_repository, Deleter>;
  static Rules make_rules(const std::string& text);

  // Without a rule that has a folder in it the name alone decides: libgit2 need not try the rules
  // on each folder above it again, most of the cost in deep trees.
  bool names_only_ = true;
  Rules rules_;
  Rules rules_after_all_;  // the same rules after "*", to tell kKept from kNone; null without "!"
};

class IgnoreRules {
 public:
  // For the workspace folder `root`, an absolute path. `defaults` are rules of `root` that come
  // before all others. Reads the ignore files above and in `root`.
  IgnoreRules(std::string root, std::string_view defaults);

  // Reads the ignore files of a folder, to be called when it is first entered. Unreadable ones have
  // no rules. When one changed later, begin with new IgnoreRules.
  void read_folder(std::string_view folder);

  // Whether a path relative to the root is ignored. REQUIRES: its folder is not ignored, and
  // read_folder() was called for all folders that it goes through.
  bool ignores(std::string_view path, bool is_folder);

 private:
  // Rules, and what has to stand before a path relative to the root to make it relative to theirs.
  struct Outer {
    IgnoreFile rules;
    std::string prefix;
  };

  std::string root_;
  std::vector<Outer> outer_;  // of the folders above the root, and the defaults; innermost last
  std::map<std::string, IgnoreFile, std::less<>> folders_;  // by folder
};

}  // namespace rondo::workspace
