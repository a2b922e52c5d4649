#include "cli/refactor_command.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <span>
#include <thread>

#include "assist/function_rewriter.h"
#include "assist/refactoring.h"
#include "assist/step_loop.h"
#include "cli/refactor_exit.h"
#include "cli/refactor_model.h"
#include "cli/refactor_plan.h"
#include "cli/refactor_report.h"
#include "cli/refactor_shard.h"
#include "cli/refactor_work.h"

namespace rondo::cli {
namespace {

using assist::EditTransaction;
using assist::FileOutcome;

// An error in the middle of a run, with what can be done then.
Status stopped(const RefactorWork& work, const Status& status) {
  const std::string name = work.run_name();
  if (name.empty()) return status;
  return Status(status.code(), status.message() + "; go on with `rondo refactor --resume " + name +
                                   "`, or take it back with `rondo refactor undo " + name + "`");
}

// The edit that a killed `rondo fix` was making is made; what it had not found yet it finds again.
Result<int> end_fix(RefactorWork& work) {
  RETURN_IF_ERROR(work.edits->end());
  std::puts("What that run had found is made; run `rondo fix` again for the rest");
  return kAllKept;
}

std::vector<std::string> changed_paths(const std::vector<FileOutcome>& outcomes) {
  std::vector<std::string> paths;
  for (const FileOutcome& outcome : outcomes) {
    if (outcome.rewrite.verdict == assist::Rewrite::Verdict::kChanged)
      paths.push_back(outcome.path);
  }
  return paths;
}

// One for each thread; `model` may be null, then they only list.
std::vector<assist::RewriteFile> annotators(const RefactorWork& work, RefactorModel* model,
                                            const workspace::BlockIndex& nothing, int n_threads) {
  std::vector<assist::RewriteFile> all;
  for (int i = 0; i < n_threads; ++i) {
    auto rewriter = std::make_shared<assist::FunctionRewriter>(
        model == nullptr ? nullptr : &model->engine(), model == nullptr ? nothing : model->index(),
        work.recipe->recipe().rules[0], assist::FunctionRewriterOptions{.folder = work.root});
    all.emplace_back([rewriter](std::string_view path, std::string_view bytes) {
      return rewriter->rewrite(path, bytes);
    });
  }
  return all;
}

// Works through all files, a shard at a time; `model` and `plan` may be null.
Status work_through(RefactorWork& work, const RefactorArguments& arguments, RefactorModel* model,
                    RefactorPlan* plan, RefactorReport& report) {
  constexpr int kAsking = 16;  // threads that wait for the model most of the time
  constexpr int64_t kLooked = 512;
  int n_threads = json_get<int>(*arguments.flags, "threads").value_or(0);
  if (n_threads <= 0) n_threads = static_cast<int>(std::thread::hardware_concurrency());
  assist::FillHoles fill;
  if (model != nullptr) {
    n_threads = std::max(n_threads, kAsking);
    fill = [model](std::span<const assist::RecipeHole> holes) { return model->fill(holes); };
  }
  const workspace::BlockIndex nothing;
  assist::Refactoring refactoring =
      work.annotates
          ? assist::Refactoring(work.recipe, work.root, annotators(work, model, nothing, n_threads),
                                model != nullptr)
          : assist::Refactoring(work.recipe, work.root, n_threads, std::move(fill));
  PatchFile patch(arguments.patch);
  RefactorCallers callers(work.root, work.planned);
  // Files that are only looked at are done in larger steps: threads wait for each other less often.
  const bool looks = arguments.plan || arguments.check;
  const auto shard =
      static_cast<size_t>(looks ? std::max(arguments.shard, kLooked) : arguments.shard);
  std::vector<std::string> paths = work.paths;
  for (size_t at = 0; at < paths.size();) {
    const size_t n = std::min(paths.size() - at, shard);
    std::vector<FileOutcome> outcomes = refactoring.rewrite(
        std::span(paths).subspan(at, n),
        [&](int64_t n_done) { report.progress(static_cast<int64_t>(at) + n_done); });
    if (model != nullptr) RETURN_IF_ERROR(model->status());
    ASSIGN_OR_RETURN(const std::vector<std::string> joining,
                     work_shard(work, {refactoring, model, plan, callers, arguments.depth},
                                outcomes, report, patch));
    paths.insert(paths.end(), joining.begin(), joining.end());
    if (model != nullptr) model->changed(changed_paths(outcomes));
    at += n;
    report.progress(static_cast<int64_t>(at));
  }
  if (work.edits) RETURN_IF_ERROR(work.edits->end());
  return patch.finish();
}

Result<int> run(RefactorArguments& arguments, const Environment& environment) {
  const bool resumes = !arguments.resume.empty();
  const bool names_files = !arguments.paths.empty() || !arguments.changed.empty();
  if (!resumes && (arguments.recipe.empty() || !names_files)) {
    return invalid_argument_error(
        "say RECIPE and PATHS, as in: rondo refactor typing-modernise src; or --changed REVISION");
  }
  ASSIGN_OR_RETURN(RefactorWork work, resumes ? resumed_work(arguments, environment)
                                              : new_work(arguments, environment));
  if (work.mends) return end_fix(work);
  const bool looks = arguments.plan || arguments.check;
  std::unique_ptr<RefactorModel> model;
  if (work.recipe->recipe().needs_model() && !looks) {
    ASSIGN_OR_RETURN(model, RefactorModel::open(arguments, work, environment));
  }
  std::optional<RefactorPlan> plan;
  if (arguments.plan) {
    ASSIGN_OR_RETURN(plan, RefactorPlan::open(arguments, work, environment));
  }
  RefactorReport report({.json = arguments.json,
                         .diffs = arguments.plan || arguments.diff,
                         .markdown = arguments.report},
                        work.recipe->recipe(), static_cast<int64_t>(work.paths.size()));
  for (const assist::LeftFile& left : work.left) report.left(left.path, left.reason);
  const Status status = work_through(work, arguments, model.get(), plan ? &*plan : nullptr, report);
  if (!status.ok()) return stopped(work, status);
  if (model) model->finish();
  if (plan) report.forecast(plan->total(), plan->summary(), plan->seconds());
  const bool wrote = work.edits && report.n_changed() > 0;
  RETURN_IF_ERROR(
      report.finish(wrote ? work.run_name() : "", work.edits ? "changed" : "would change"));
  const bool finds = report.n_changed() > 0 || report.n_open() > 0;
  if (arguments.check) return finds ? kSomeLeft : kAllKept;
  if (!finds && !resumes) return kNothing;
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

constexpr const char* kFooter =
    "\nExamples:\n"
    "  rondo refactor typing-modernise src --plan     show the edits as diffs, change nothing\n"
    "  rondo refactor typing-modernise src            make them\n"
    "  rondo refactor undo 20261127-101500-3fa2       take that run back\n"
    "  rondo refactor typing-modernise src --verify 'mypy src' --verify pytest --commit\n"
    "  rondo refactor my-recipe.yaml 'src/**/*_test.py'\n"
    "  rondo refactor my-recipe.yaml --changed main...topic\n"
    "  git grep -l print | rondo refactor my-recipe.yaml -\n\n"
    "Exit status: 0 all was kept, 1 some places or files were left, 2 nothing was changed,\n"
    "3 the input is wrong or the work could not be done. With --check: 0 nothing to do, 1 "
    "something.";

// What refactor, docs and annotate share.
void add_options(CLI::App& command, RefactorArguments& arguments) {
  command.add_flag("--plan", arguments.plan, "Show the edits as diffs, and change nothing");
  command.add_flag("--check", arguments.check,
                   "Change nothing; exit with 1 when there is something to change");
  command.add_option("--changed", arguments.changed,
                     "Only files that `git diff` of this names: HEAD~3, main...topic");
  command.add_option("--verify", arguments.verify,
                     "A command that edits must pass, as 'mypy src': in a copy of the files, in a "
                     "sandbox; may be repeated");
  command.add_option("--tools", arguments.tools,
                     "A folder that checks may read, as a virtual environment; may be repeated");
  command.add_flag("--no-checks", arguments.no_checks, "Not even the recipe's own checks");
  command.add_flag("--commit", arguments.commit, "Commit the files that are changed in one step");
  command.add_flag("--diff", arguments.diff, "Show the edits that are made as diffs");
  command.add_flag("--json", arguments.json, "One JSON object a line for each file");
  command.add_option("--report", arguments.report, "A Markdown report with diffs and reasons");
  command.add_option("--patch", arguments.patch, "Write the edits as a patch, and change nothing");
  command.add_flag("--dirty", arguments.dirty, "Even when tracked files have changes");
  command.add_option("--workspace", arguments.workspace,
                     "The folder of all files (default: the one around the first path)");
  command.add_option("--shard", arguments.shard, "How many files are changed in one step (64)")
      ->check(CLI::Range(1, 10000));
  command
      .add_option("--depth", arguments.depth,
                  "Steps in which what a model writes is checked and mended (3)")
      ->check(CLI::Range(1, assist::kMaxDepth));
  command
      .add_option("--candidates", arguments.candidates,
                  "Drafts of each place that a model writes (1)")
      ->check(CLI::Range(1, 20));
  arguments.flags = add_flags(command, kEngineFlags);
}

// A command that is refactor with what to do known.
void add_preset_command(CLI::App& app, CommandContext context, const char* name,
                        const char* description, RefactorArguments preset) {
  auto arguments = std::make_shared<RefactorArguments>(std::move(preset));
  CLI::App* command = app.add_subcommand(name, description);
  command->footer(
      "\nIts runs are resumed and taken back as those of refactor: rondo refactor undo "
      "RUN.\nExit status: as of rondo refactor.");
  command->preparse_callback([&code = context.exit_code](size_t) { code = kBadInput; });
  command->add_option("PATHS", arguments->paths,
                      "Files, folders and globs ('src/**/*.py'), without what is ignored; -: those "
                      "that stdin names");
  add_options(*command, *arguments);
  on_refactor(*command, context,
              [arguments, context] { return run(*arguments, context.environment); });
}

}  // namespace

void add_docs_command(CLI::App& app, CommandContext context) {
  add_preset_command(app, context, "docs",
                     "Write docstrings for public functions and classes that have none",
                     {.recipe = "add-docstrings"});
}

void add_annotate_command(CLI::App& app, CommandContext context) {
  add_preset_command(app, context, "annotate",
                     "Annotate functions with types that are known where they stand",
                     {.recipe = "annotate", .annotates = true});
}

void add_refactor_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<RefactorArguments>();
  CLI::App* command = app.add_subcommand(
      "refactor", "Change many files by a recipe, checked, and to be taken back in one step");
  command->footer(kFooter);
  command->preparse_callback([&code = context.exit_code](size_t) { code = kBadInput; });
  command->add_option(
      "RECIPE", arguments->recipe,
      "A file, the name of one that Rondo brings, or an instruction for a chat model");
  command->add_option("PATHS", arguments->paths,
                      "Files, folders and globs ('src/**/*.py'), without what is ignored; -: those "
                      "that stdin names");
  add_options(*command, *arguments);
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
