// FixWork: a copy of a tree in which a command fails, and the edits after which it fails less.
//
// A command is better off when it passes, when it tells of fewer problems, or when the one that was
// meant is gone and nothing new stands in its place: many tools stop at the first.
//
// Thread: the main thread, which the command blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "assist/build_log.h"
#include "assist/edit_transaction.h"
#include "assist/log_fixer.h"
#include "assist/sandbox.h"
#include "assist/tree_copy.h"
#include "base/status.h"

namespace rondo::cli {

struct FixOptions {
  std::string root;                   // absolute
  std::vector<std::string> paths;     // of the files that may be read and edited, below it
  std::string parent;                 // the folder for the copy
  std::vector<std::string> command;   // empty: there is only a log
  std::vector<std::string> readable;  // more folders that the command may read
  std::chrono::seconds time{300};
  int64_t max_runs = 50;  // of the command
};

struct CommandResult {
  bool passed = false;
  bool timed_out = false;
  std::vector<assist::Problem> problems;
  std::string last_line;
};

class FixWork {
 public:
  // Copies the tree. Errors: Unavailable without a sandbox or a place for the copy.
  static Result<FixWork> open(FixOptions options);

  // Runs the command on the copy as it is now. Errors: Internal when it cannot be started.
  Result<CommandResult> run();
  // Tries one proposal after the other for `problem`: the first after which the command is better
  // off stays, and `state` becomes what it says then. What it was; nothing when none helps.
  Result<std::optional<std::string>> mend(const assist::Problem& problem, assist::LogFixer& fixer,
                                          CommandResult& state);
  // Without a command: the first proposal, if it is the only one and no model wrote it.
  Result<std::optional<std::string>> take_surest(const assist::Problem& problem,
                                                 assist::LogFixer& fixer);

  // What was mended since the last call: the tree is to become that.
  std::vector<assist::FileEdit> take_edits();
  // What was mended so far.
  std::vector<assist::FileEdit> edits() const;
  // Somebody else changed this file: it stays as it is from now on.
  void give_up(const std::string& path, const std::string& reason) { files_[path].lost = reason; }
  bool may_run() const { return n_runs_ < options_.max_runs; }
  int64_t n_runs() const { return n_runs_; }
  // Why the file of a problem stays as it is, a part of a sentence; nothing when it may be edited.
  std::optional<std::string> why_not(const assist::Problem& problem);

 private:
  struct File {
    std::string before;
    std::string taken;  // by take_edits()
    std::string now;
    std::string lost;  // why nothing is made of it any more; empty: it is
  };
  FixWork(FixOptions options, assist::TreeCopy copy)
      : options_(std::move(options)), copy_(std::move(copy)) {}
  Result<File*> file(const std::string& path);
  bool is_better(const CommandResult& before, const CommandResult& after,
                 const assist::Problem& meant) const;

  FixOptions options_;
  assist::TreeCopy copy_;
  std::map<std::string, File> files_;  // that were looked at, by path
  int64_t n_runs_ = 0;
};

}  // namespace rondo::cli
