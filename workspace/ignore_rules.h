// IgnoreRules: which paths of a workspace folder its ignore files leave out, as git decides it.
//
// Each folder may have a .gitignore and a .rondoignore of the same syntax. The rules of inner
// folders come after those of outer ones, all of .rondoignore after all of .gitignore, and the last
// rule that matches decides. What is inside an ignored folder is ignored. Of the folders above the
// workspace folder every .rondoignore counts; .gitignore up to the top of the git repository, with
// .git/info/exclude; the user's global git configuration does not.
//
// libgit2 parses and matches the rules, one in-memory repository for each file's rules: its own
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

// Whether the file at a path has rules.
bool is_ignore_file(std::string_view path);

// The rules in one file.
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

enum class IgnoredBy { kNothing, kGitRules, kRondoignore };  // kGitRules: the defaults, too

class IgnoreRules {
 public:
  // For the workspace folder `root`, an absolute path. `defaults` are rules of `root` that come
  // before all others. Reads the ignore files above and in `root`.
  IgnoreRules(std::string root, std::string_view defaults);

  // Reads the ignore files of a folder, to be called when it is first entered. Unreadable ones have
  // no rules. When one changed later, begin with new IgnoreRules.
  void read_folder(std::string_view folder);

  // What ignores a path relative to the root. REQUIRES: its folder is not ignored, or only by
  // kGitRules and the question is whether .rondoignore does, too; read_folder() was called for all
  // folders that it goes through.
  IgnoredBy ignored_by(std::string_view path, bool is_folder);

 private:
  // The rules in all files of one name.
  struct Chain {
    // Rules, and what has to stand before a path relative to the root to make it relative to
    // theirs.
    struct Outer {
      IgnoreFile rules;
      std::string prefix;
    };
    std::vector<Outer> outer;  // of the folders above the root, and the defaults; innermost last
    std::map<std::string, IgnoreFile, std::less<>> folders;  // by folder

    void add_outer(const std::string& rules, std::string prefix);
    void add_folder(std::string_view folder, const std::string& rules);
    // `kept`: a "!rule" after all of these took the path back; set when one of these does.
    bool ignores(std::string_view path, bool is_folder, bool& kept);
  };

  std::string root_;
  Chain rondo_;
  Chain git_;
};

}  // namespace rondo::workspace
