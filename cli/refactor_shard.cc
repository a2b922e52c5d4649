#include "cli/refactor_shard.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "assist/git_tree.h"

namespace rondo::cli {
namespace {

using assist::FileOutcome;

// The one of that path; null: there is none.
const assist::LeftFile* find_left(const std::vector<assist::LeftFile>& left,
                                  const std::string& path) {
  const auto found = std::find_if(left.begin(), left.end(),
                                  [&](const assist::LeftFile& file) { return file.path == path; });
  return found == left.end() ? nullptr : &*found;
}

// Of the file of `outcome`, which failed as a whole, what passes: the edit and the outcome become
// that. Whether there is anything.
Result<bool> keep_parts(RefactorWork& work, FileOutcome& outcome, assist::FileEdit& edit) {
  assist::Rewrite& rewrite = outcome.rewrite;
  ASSIGN_OR_RETURN(const std::vector<assist::LeftChange> refused,
                   work.checks->keep_changes(edit, rewrite.changes));
  for (size_t i = refused.size(); i-- > 0;) {
    const auto at = static_cast<std::ptrdiff_t>(refused[i].index);
    const assist::FilledHole& hole = rewrite.filled[refused[i].index];
    --rewrite.matches[hole.rule->name];
    rewrite.left.push_back({hole.rule, hole.line, refused[i].reason});
    rewrite.filled.erase(rewrite.filled.begin() + at);
  }
  std::stable_sort(rewrite.left.begin(), rewrite.left.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  rewrite.text = edit.after;
  if (!rewrite.filled.empty()) return true;
  rewrite.verdict = assist::Rewrite::Verdict::kUnchanged;
  return false;
}

// The edits of a shard that pass the checks; the others are added to `left`.
Result<std::vector<assist::FileEdit>> passing_edits(RefactorWork& work,
                                                    std::vector<FileOutcome>& outcomes,
                                                    std::vector<assist::LeftFile>& left) {
  std::vector<assist::FileEdit> edits;
  for (const FileOutcome& outcome : outcomes) {
    if (outcome.rewrite.verdict != assist::Rewrite::Verdict::kChanged) continue;
    edits.push_back({outcome.path, outcome.before, outcome.rewrite.text});
  }
  if (!work.checks) return edits;
  ASSIGN_OR_RETURN(left, work.checks->keep(edits));
  std::vector<assist::FileEdit> passed;
  for (assist::FileEdit& edit : edits) {
    bool passes = find_left(left, edit.path) == nullptr;
    const auto outcome =
        std::find_if(outcomes.begin(), outcomes.end(),
                     [&](const FileOutcome& candidate) { return candidate.path == edit.path; });
    if (!passes && outcome->rewrite.parted) {
      ASSIGN_OR_RETURN(passes, keep_parts(work, *outcome, edit));
      std::erase_if(left, [&](const assist::LeftFile& file) { return file.path == edit.path; });
    }
    if (passes) passed.push_back(std::move(edit));
  }
  return passed;
}

// Makes the edits of a shard, as a commit when that is asked for; `left` becomes what it leaves.
Status apply_edits(RefactorWork& work, const std::vector<assist::FileEdit>& edits,
                   std::vector<assist::LeftFile>& left) {
  if (edits.empty()) return {};
  ASSIGN_OR_RETURN(left, work.edits->apply(edits));
  if (!work.commits) return {};
  std::vector<std::string> paths;
  for (const assist::FileEdit& edit : edits) {
    if (!find_left(left, edit.path)) paths.push_back(edit.path);
  }
  return commit_shard(work, paths);
}

// What is left out is no change of its file.
void leave_out(const std::vector<assist::LeftFile>& left, std::vector<FileOutcome>& outcomes) {
  for (FileOutcome& outcome : outcomes) {
    const assist::LeftFile* out = find_left(left, outcome.path);
    if (out == nullptr) continue;
    outcome.rewrite.verdict = assist::Rewrite::Verdict::kLeftOut;
    outcome.rewrite.reason = out->reason;
  }
}

void tell(const std::vector<FileOutcome>& outcomes, RefactorPlan* plan, RefactorReport& report) {
  using Verdict = assist::Rewrite::Verdict;
  for (const FileOutcome& outcome : outcomes) {
    if (outcome.rewrite.verdict == Verdict::kLeftOut) {
      report.left(outcome.path, outcome.rewrite.reason);
      continue;
    }
    if (plan != nullptr) report.planned(outcome, plan->add(outcome));
    report.note_open(outcome);
    if (outcome.rewrite.verdict == Verdict::kChanged) report.changed(outcome);
    report.left_places(outcome);
  }
}

// Asks anew for the files that failed checks, with other answers, and gives what passes then to
// `edits` and `outcomes`; depth - 1 times at most.
Status mend_failed(RefactorWork& work, const ShardTools& tools, std::vector<FileOutcome>& outcomes,
                   std::vector<assist::FileEdit>& edits, std::vector<assist::LeftFile>& left) {
  for (int32_t i = 1; i < tools.depth && tools.model != nullptr && work.checks; ++i) {
    std::vector<std::string> failed;
    for (const FileOutcome& outcome : outcomes) {
      if (find_left(left, outcome.path) == nullptr || outcome.rewrite.filled.empty()) continue;
      failed.push_back(outcome.path);
      for (const assist::FilledHole& hole : outcome.rewrite.filled) {
        tools.model->reject(outcome.path, hole.answer.text);
      }
    }
    if (failed.empty()) return {};
    std::vector<FileOutcome> again = tools.refactoring.rewrite(failed);
    RETURN_IF_ERROR(tools.model->status());
    std::vector<assist::LeftFile> still;
    ASSIGN_OR_RETURN(std::vector<assist::FileEdit> passed, passing_edits(work, again, still));
    edits.insert(edits.end(), passed.begin(), passed.end());
    std::erase_if(left, [&](const assist::LeftFile& file) {
      return std::any_of(passed.begin(), passed.end(),
                         [&](const assist::FileEdit& edit) { return edit.path == file.path; });
    });
    for (FileOutcome& outcome : outcomes) {
      for (FileOutcome& other : again) {
        if (other.path == outcome.path) outcome = std::move(other);
      }
    }
  }
  return {};
}

}  // namespace

PatchFile::PatchFile(const std::string& path) : path_(path) {
  if (!path_.empty()) stream_.open(draft(), std::ios::binary);
}

void PatchFile::add(const std::vector<assist::FileEdit>& edits) {
  if (path_.empty()) return;
  for (const assist::FileEdit& edit : edits) {
    stream_ << assist::unified_diff(edit.path, edit.before, edit.after);
  }
}

Status PatchFile::finish() {
  if (path_.empty()) return {};
  stream_.close();
  if (stream_ && std::rename(draft().c_str(), path_.c_str()) == 0) return {};
  std::remove(draft().c_str());
  return unavailable_error("the patch " + path_ + " cannot be written");
}

Result<std::vector<std::string>> work_shard(RefactorWork& work, const ShardTools& tools,
                                            std::vector<FileOutcome>& outcomes,
                                            RefactorReport& report, PatchFile& patch) {
  std::vector<assist::LeftFile> left;
  ASSIGN_OR_RETURN(std::vector<assist::FileEdit> edits, passing_edits(work, outcomes, left));
  RETURN_IF_ERROR(mend_failed(work, tools, outcomes, edits, left));
  leave_out(left, outcomes);
  patch.add(edits);
  ASSIGN_OR_RETURN(const std::vector<Caller> callers, tools.callers.of(outcomes));
  std::vector<std::string> joining;
  for (const Caller& caller : callers) joining.push_back(caller.path);
  if (work.edits && !joining.empty()) RETURN_IF_ERROR(work.edits->note_joined(joining));
  if (work.edits) {
    std::vector<assist::LeftFile> changed_meanwhile;
    RETURN_IF_ERROR(apply_edits(work, edits, changed_meanwhile));
    leave_out(changed_meanwhile, outcomes);
  }
  tell(outcomes, tools.plan, report);
  for (const Caller& caller : callers) report.joined(caller.path, caller.function);
  return joining;
}

}  // namespace rondo::cli
