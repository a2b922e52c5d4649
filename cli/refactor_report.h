// What `rondo refactor` tells on its way and at its end: lines for people or JSON lines on stdout,
// progress on a terminal, a Markdown report.
//
// Thread: the main thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assist/edit_transaction.h"
#include "assist/refactoring.h"
#include "base/status.h"
#include "cli/refactor_plan.h"

namespace rondo::cli {

// Shows on a terminal that `check` begins to run on so many new edits.
void show_check(const assist::Check& check, size_t n_edits);

class RefactorReport {
 public:
  struct Options {
    bool json = false;
    bool diffs = false;    // on stdout, for people
    std::string markdown;  // a file; empty: none
  };
  RefactorReport(Options options, const assist::Recipe& recipe, int64_t n_files)
      : options_(std::move(options)), recipe_(recipe), n_files_(n_files) {}

  // A file that is changed, or would be; one that is not, though the recipe is about it.
  void changed(const assist::FileOutcome& outcome);
  // A file of a plan: the Blocks, and what a model would be asked.
  void planned(const assist::FileOutcome& outcome, const PlannedFile& file);
  void left(const std::string& path, const std::string& reason);
  // Places that a changed or unchanged file keeps.
  void left_places(const assist::FileOutcome& outcome);
  // A file that nobody named is looked at since it calls what was changed.
  void joined(const std::string& path, const std::string& function);
  // Places that a model would be asked about.
  void note_open(const assist::FileOutcome& outcome) {
    n_open_ += static_cast<int64_t>(outcome.rewrite.open.size());
  }
  // So many files were looked at.
  void progress(int64_t n_done);
  // The end. `run` is what can be undone; empty: nothing was written.
  // Errors: Unavailable when the report cannot be written.
  Status finish(const std::string& run, const std::string& what);

  // `summary` of a plan, for people; `seconds` that the run would take.
  void forecast(const PlannedFile& total, const std::string& summary,
                std::optional<double> seconds);

  int64_t n_changed() const { return n_changed_; }
  int64_t n_left() const { return n_left_; }
  int64_t n_open() const { return n_open_; }

 private:
  void line(const std::string& text) const;
  std::string kept_share() const;
  std::string markdown(const std::string& run) const;

  Options options_;
  const assist::Recipe& recipe_;
  int64_t n_files_;
  int64_t n_changed_ = 0;
  int64_t n_matches_ = 0;
  int64_t n_left_ = 0;    // files and places
  int64_t n_filled_ = 0;  // holes
  int64_t n_declined_ = 0;
  int64_t n_open_ = 0;
  std::string sections_;  // of the Markdown report
  std::string left_lines_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace rondo::cli
