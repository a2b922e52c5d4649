#include "cli/refactor_command.h"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <span>
#include <thread>

#include "assist/git_tree.h"
#include "assist/refactoring.h"
#include "cli/refactor_report.h"
#include "cli/refactor_work.h"

namespace rondo::cli {
namespace {

using assist::EditTransaction;
using assist::FileOutcome;

// What scripts go by.
enum RefactorExit : int {
  kAllKept = 0,
  kSomeLeft = 1,  // or, with --check, that something would change
  kNothing = 2,   // no file was changed
  kBadInput = 3,  // of the command line or the recipe; or the work could not be done
};

// The one of that path; null: there is none.
const assist::LeftFile* find_left(const std::vector<assist::LeftFile>& left,
                                  const std::string& path) {
  const auto found = std::find_if(left.begin(), left.end(),
                                  [&](const assist::LeftFile& file) { return file.path == path; });
  return found == left.end() ? nullptr : &*found;
}

// The edits of a shard that pass the checks; the others are added to `left`.
Result<std::vector<assist::FileEdit>> passing_edits(RefactorWork& work,
                                                    const std::vector<FileOutcome>& outcomes,
                                                    std::vector<assist::LeftFile>& left) {
  std::vector<assist::FileEdit> edits;
  for (const FileOutcome& outcome : outcomes) {
    if (outcome.rewrite.verdict != assist::Rewrite::Verdict::kChanged) continue;
    edits.push_back({outcome.path, outcome.before, outcome.rewrite.text});
  }
  if (!work.checks) return edits;
  ASSIGN_OR_RETURN(left, work.checks->keep(edits));
  std::erase_if(edits, [&](const assist::FileEdit& edit) { return find_left(left, edit.path); });
  return edits;
}

// Makes the edits of a shard, as a commit when that is asked for; adds to `left` what it leaves.
Status apply_edits(RefactorWork& work, const std::vector<assist::FileEdit>& edits,
                   std::vector<assist::LeftFile>& left) {
  if (edits.empty()) return {};
  ASSIGN_OR_RETURN(const std::vector<assist::LeftFile> changed_meanwhile, work.edits->apply(edits));
  left.insert(left.end(), changed_meanwhile.begin(), changed_meanwhile.end());
  if (!work.commits) return {};
  std::vector<std::string> paths;
  for (const assist::FileEdit& edit : edits) {
    if (!find_left(left, edit.path)) paths.push_back(edit.path);
  }
  return commit_shard(work, paths);
}

void tell(const std::vector<FileOutcome>& outcomes, const std::vector<assist::LeftFile>& left,
          RefactorReport& report) {
  using Verdict = assist::Rewrite::Verdict;
  for (const FileOutcome& outcome : outcomes) {
    const assist::LeftFile* out = find_left(left, outcome.path);
    if (out != nullptr) {
      report.left(out->path, out->reason);
    } else if (outcome.rewrite.verdict == Verdict::kLeftOut) {
      report.left(outcome.path, outcome.rewrite.reason);
    } else {
      if (outcome.rewrite.verdict == Verdict::kChanged) report.changed(outcome);
      report.left_places(outcome);
    }
  }
}

// The patch that --patch asks for; nobody sees it before it is whole.
class PatchFile {
 public:
  // Empty: there is none.
  explicit PatchFile(const std::string& path) : path_(path) {
    if (!path_.empty()) stream_.open(draft(), std::ios::binary);
  }

  void add(const std::vector<assist::FileEdit>& edits) {
    if (path_.empty()) return;
    for (const assist::FileEdit& edit : edits) {
      stream_ << assist::unified_diff(edit.path, edit.before, edit.after);
    }
  }

  // Errors: Unavailable when something of it could not be written.
  Status finish() {
    if (path_.empty()) return {};
    stream_.close();
    if (stream_ && std::rename(draft().c_str(), path_.c_str()) == 0) return {};
    std::remove(draft().c_str());
    return unavailable_error("the patch " + path_ + " cannot be written");
  }

 private:
  std::string draft() const { return path_ + ".part"; }

  std::string path_;
  std::ofstream stream_;
};

// Checks a planned shard, makes its edits where the work writes, and tells of it.
Status work_shard(RefactorWork& work, const std::vector<FileOutcome>& outcomes,
                  RefactorReport& report, PatchFile& patch) {
  std::vector<assist::LeftFile> left;
  ASSIGN_OR_RETURN(const std::vector<assist::FileEdit> edits, passing_edits(work, outcomes, left));
  patch.add(edits);
  if (work.edits) RETURN_IF_ERROR(apply_edits(work, edits, left));
  tell(outcomes, left, report);
  return {};
}

// An error in the middle of a run, with what can be done then.
Status stopped(const RefactorWork& work, const Status& status) {
  const std::string name = work.run_name();
  if (name.empty()) return status;
  return Status(status.code(), status.message() + "; go on with `rondo refactor --resume " + name +
                                   "`, or take it back with `rondo refactor undo " + name + "`");
}

Result<int> run(const RefactorArguments& arguments, const Environment& environment) {
  const bool resumes = !arguments.resume.empty();
  if (!resumes && (arguments.recipe.empty() || arguments.paths.empty())) {
    return invalid_argument_error(
        "say RECIPE and PATHS, as in: rondo refactor typing-modernise src");
  }
  ASSIGN_OR_RETURN(RefactorWork work, resumes ? resumed_work(arguments, environment)
                                              : new_work(arguments, environment));
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  assist::Refactoring refactoring(work.recipe, work.root,
                                  arguments.threads > 0 ? arguments.threads : cores);
  RefactorReport report({.json = arguments.json,
                         .diffs = arguments.plan || arguments.diff,
                         .markdown = arguments.report},
                        work.recipe->recipe(), static_cast<int64_t>(work.paths.size()));
  for (const assist::LeftFile& left : work.left) report.left(left.path, left.reason);
  PatchFile patch(arguments.patch);
  const std::span<const std::string> paths(work.paths);
  for (size_t at = 0; at < paths.size();) {
    const size_t n = std::min(paths.size() - at, static_cast<size_t>(arguments.shard));
    const Status status =
        work_shard(work, refactoring.rewrite(paths.subspan(at, n)), report, patch);
    if (!status.ok()) return stopped(work, status);
    at += n;
    report.progress(static_cast<int64_t>(at));
  }
  if (work.edits) RETURN_IF_ERROR(work.edits->end());
  RETURN_IF_ERROR(patch.finish());
  const bool wrote = work.edits && report.n_changed() > 0;
  RETURN_IF_ERROR(
      report.finish(wrote ? work.run_name() : "", work.edits ? "changed" : "would change"));
  if (arguments.check) return report.n_changed() > 0 ? kSomeLeft : kAllKept;
  if (report.n_changed() == 0 && !resumes) return kNothing;
  return report.n_left() > 0 ? kSomeLeft : kAllKept;
}

Result<int> undo(const RefactorArguments& arguments, const Environment& environment) {
  ASSIGN_OR_RETURN(const std::string folder, run_named(arguments.undo, environment));
  ASSIGN_OR_RETURN(const EditTransaction::State state, EditTransaction::state(folder));
  ASSIGN_OR_RETURN(const EditTransaction::Undone undone, EditTransaction::undo(folder));
  std::printf("%zu files are as they were before\n", undone.restored.size());
  if (state.about.value("commits", false)) std::puts("Its commits stay: commit this, too");
  for (const assist::LeftFile& left : undone.left) {
    std::printf("%s: left as it is: %s\n", left.path.c_str(), left.reason.c_str());
  }
  return undone.left.empty() ? kAllKept : kSomeLeft;
}

// Runs `body`, whose result is the exit code; an error goes to stderr.
void on_refactor(CLI::App& command, CommandContext context, std::function<Result<int>()> body) {
  command.callback([&exit_code = context.exit_code, body = std::move(body)] {
    ::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of write() then
    const Result<int> code = body();
    if (!code.ok()) std::fprintf(stderr, "rondo: %s\n", code.status().message().c_str());
    exit_code = code.ok() ? *code : kBadInput;
  });
}

constexpr const char* kFooter =
    "\nExamples:\n"
    "  rondo refactor typing-modernise src --plan     show the edits as diffs, change nothing\n"
    "  rondo refactor typing-modernise src            make them\n"
    "  rondo refactor undo 20261127-101500-3fa2       take that run back\n"
    "  rondo refactor typing-modernise src --verify 'mypy src' --verify pytest --commit\n"
    "  git diff --name-only main | rondo refactor my-recipe.yaml -\n\n"
    "Exit status: 0 all was kept, 1 some places or files were left, 2 nothing was changed,\n"
    "3 the input is wrong or the work could not be done. With --check: 0 nothing to do, 1 "
    "something.";

}  // namespace

void add_refactor_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<RefactorArguments>();
  CLI::App* command = app.add_subcommand(
      "refactor", "Change many files by a recipe, checked, and to be taken back in one step");
  command->footer(kFooter);
  command->preparse_callback([&code = context.exit_code](size_t) { code = kBadInput; });
  command->add_option("RECIPE", arguments->recipe, "A file, or the name of one that Rondo brings");
  command->add_option("PATHS", arguments->paths,
                      "Files and folders, without what is ignored; -: those that stdin names");
  command->add_flag("--plan", arguments->plan, "Show the edits as diffs, and change nothing");
  command->add_flag("--check", arguments->check,
                    "Change nothing; exit with 1 when there is something to change");
  command->add_option("--verify", arguments->verify,
                      "A command that edits must pass, as 'mypy src': in a copy of the files, in a "
                      "sandbox; may be repeated");
  command->add_option("--tools", arguments->tools,
                      "A folder that checks may read, as a virtual environment; may be repeated");
  command->add_flag("--no-checks", arguments->no_checks, "Not even the recipe's own checks");
  command->add_flag("--commit", arguments->commit, "Commit the files that are changed in one step");
  command->add_flag("--diff", arguments->diff, "Show the edits that are made as diffs");
  command->add_flag("--json", arguments->json, "One JSON object a line for each file");
  command->add_option("--report", arguments->report, "A Markdown report with diffs and reasons");
  command->add_option("--patch", arguments->patch,
                      "Write the edits as a patch, and change nothing");
  command->add_flag("--dirty", arguments->dirty, "Even when tracked files have changes");
  command->add_option("--workspace", arguments->workspace,
                      "The folder of all files (default: the one around the first path)");
  command->add_option("--shard", arguments->shard, "How many files are changed in one step (64)")
      ->check(CLI::Range(1, 10000));
  command->add_option("--threads", arguments->threads, "Threads (default: all cores)")
      ->check(CLI::Range(1, 256));
  command->add_option("--resume", arguments->resume, "Go on with a run that was ended by force");
  on_refactor(*command, context, [arguments, context, command]() -> Result<int> {
    if (command->got_subcommand("undo")) return context.exit_code;
    return run(*arguments, context.environment);
  });
  CLI::App* undo_command = command->add_subcommand("undo", "Take a run back");
  undo_command->add_option("RUN", arguments->undo, "Its name, as it was printed")->required();
  on_refactor(*undo_command, context,
              [arguments, context] { return undo(*arguments, context.environment); });
}

}  // namespace rondo::cli
