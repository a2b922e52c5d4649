#include "cli/fix_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>

#include "assist/step_loop.h"
#include "cli/fix_work.h"
#include "cli/refactor_exit.h"
#include "cli/refactor_model.h"
#include "cli/refactor_report.h"
#include "cli/refactor_targets.h"
#include "cli/refactor_work.h"
#include "config/files.h"

namespace rondo::cli {
namespace {

struct FixArguments {
  std::vector<std::string> command;
  std::string log;
  std::string workspace;
  std::vector<std::string> tools;
  std::string report;
  int64_t seconds = 300;
  int64_t runs = 50;
  int32_t depth = 3;
  int32_t candidates = 1;
  bool plan = false;
  bool check = false;
  bool json = false;
  bool diff = false;
  bool dirty = false;
  bool no_model = false;
  Flags flags;
};

std::string title_of(const assist::Problem& problem) {
  return fmt::format("{}:{}: {}", problem.path, problem.line, problem.message);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// What the report is about, in place of a recipe.
assist::Recipe recipe_of(const FixArguments& arguments) {
  assist::Recipe recipe{.name = "fix"};
  recipe.about = arguments.command.empty()
                     ? "Mends what " + arguments.log + " tells of."
                     : "Mends what `" + joined(arguments.command) + "` tells of.";
  recipe.leaves = {"problems that no quick fix and no statement of the model makes fewer"};
  recipe.rules.push_back({.name = "problem", .why = "a tool tells of it"});
  return recipe;
}

// However long the log is, a segment of it is in memory at a time.
Result<std::vector<assist::Problem>> problems_of_log(const std::string& path,
                                                     const std::string& root) {
  constexpr std::streamsize kSegmentBytes = 1 << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file) return not_found_error("cannot read " + path);
  assist::BuildLog log(root);
  std::string segment(static_cast<size_t>(kSegmentBytes), '\0');
  while (file.read(segment.data(), kSegmentBytes), file.gcount() > 0) {
    log.add(std::string_view(segment).substr(0, static_cast<size_t>(file.gcount())));
  }
  return log.problems();
}

// One run of the command: its problems, what became of each, and the end.
class Fix {
 public:
  Fix(const FixArguments& arguments, const Environment& environment)
      : arguments_(arguments), environment_(environment), recipe_(recipe_of(arguments)) {}

  Result<int> run() {
    ASSIGN_OR_RETURN(RefactorTargets all, RefactorTargets::of(arguments_.workspace, {}));
    root_ = all.root();
    if (runs_command()) RETURN_IF_ERROR(refuse_untrusted(root_, environment_, "the command"));
    if (writes() && !arguments_.dirty) RETURN_IF_ERROR(refuse_dirty_tree(root_));
    RETURN_IF_ERROR(open_work(all));
    ASSIGN_OR_RETURN(CommandResult state, first_state());
    report_.emplace(RefactorReport::Options{.json = arguments_.json,
                                            .diffs = arguments_.diff || arguments_.plan,
                                            .markdown = arguments_.report},
                    recipe_, static_cast<int64_t>(state.problems.size()));
    if (state.passed) return finish(state);
    if (arguments_.plan || arguments_.check) return list(state);
    ASSIGN_OR_RETURN(model_, RefactorModel::open_bare(arguments_.flags, root_, environment_));
    const Status mended = mend_all(state);
    if (!mended.ok()) return stopped(mended);
    RETURN_IF_ERROR(close());
    return finish(state);
  }

 private:
  bool runs_command() const { return !arguments_.command.empty(); }
  bool writes() const { return !arguments_.plan && !arguments_.check; }

  Status open_work(RefactorTargets& all) {
    FixOptions options{.root = root_,
                       .parent = environment_.cache_home + "/rondo/checks",
                       .command = arguments_.command,
                       .time = std::chrono::seconds(arguments_.seconds),
                       .max_runs = arguments_.runs};
    ASSIGN_OR_RETURN(options.paths, all.all_paths());
    std::sort(options.paths.begin(), options.paths.end());
    for (const std::string& folder : arguments_.tools) {
      ASSIGN_OR_RETURN(std::string absolute, config::canonical_folder(folder));
      options.readable.push_back(std::move(absolute));
    }
    ASSIGN_OR_RETURN(FixWork work, FixWork::open(std::move(options)));
    work_.emplace(std::move(work));
    return {};
  }

  // What the log or the command says before anything is mended.
  Result<CommandResult> first_state() {
    CommandResult state;
    if (runs_command()) {
      ASSIGN_OR_RETURN(state, work_->run());
      if (state.passed || arguments_.log.empty()) return state;
    }
    ASSIGN_OR_RETURN(state.problems, problems_of_log(arguments_.log, root_));
    return state;
  }

  // An error in the middle, with what can be done then.
  Status stopped(const Status& status) const {
    if (run_.empty()) return status;
    return Status(status.code(), status.message() + "; what was better by then is made; take it " +
                                     "back with `rondo refactor undo " + run_ + "`");
  }

  // Without any edit.
  Result<int> list(const CommandResult& state) {
    for (const assist::Problem& problem : state.problems) leave(problem, "would be tried");
    return finish(state);
  }

  // Takes the problems in their order; those that come up on the way, too.
  Status mend_all(CommandResult& state) {
    assist::LogFixer fixer(model_->engine(), model_->index(),
                           {.folder = root_,
                            .depth = arguments_.depth,
                            .n_candidates = arguments_.candidates,
                            .writes = runs_command() && !arguments_.no_model});
    std::vector<assist::Problem> tried;
    while (!state.passed) {
      const auto next = std::find_if(
          state.problems.begin(), state.problems.end(), [&](const assist::Problem& problem) {
            return std::find(tried.begin(), tried.end(), problem) == tried.end();
          });
      if (next == state.problems.end()) return {};
      const assist::Problem problem = *next;
      tried.push_back(problem);
      report_->progress(static_cast<int64_t>(tried.size()));
      RETURN_IF_ERROR(mend(problem, fixer, state));
    }
    return {};
  }

  Status mend(const assist::Problem& problem, assist::LogFixer& fixer, CommandResult& state) {
    if (const auto reason = work_->why_not(problem)) {
      leave(problem, *reason);
      return {};
    }
    if (runs_command() && !work_->may_run()) {
      leave(problem, fmt::format("the command ran {} times already", work_->n_runs()));
      return {};
    }
    std::optional<std::string> how;
    if (runs_command()) {
      ASSIGN_OR_RETURN(how, work_->mend(problem, fixer, state));
    } else {
      ASSIGN_OR_RETURN(how, work_->take_surest(problem, fixer));
    }
    if (how) {
      ASSIGN_OR_RETURN(const bool made, apply());
      if (!made) return {};
      mended_.push_back(title_of(problem) + ": " + *how);
      ++n_mended_[problem.path];
    } else {
      leave(problem, runs_command() ? "nothing that was tried makes it better"
                                    : "there is no single sure fix; name the command, too");
    }
    return {};
  }

  void leave(const assist::Problem& problem, const std::string& reason) {
    report_->left(fmt::format("{}:{}", problem.path, problem.line),
                  problem.message + ": " + reason);
  }

  // Makes of the tree what was found to be better, in the run's transaction. False when somebody
  // else changed the file meanwhile; it is left then.
  Result<bool> apply() {
    if (!transaction_) {
      const std::string folder = new_run_folder(environment_);
      const Json about = {{"recipe", recipe_.about}, {"fix", joined(arguments_.command)}};
      ASSIGN_OR_RETURN(transaction_, assist::EditTransaction::begin(folder, root_, about));
      run_ = folder.substr(folder.rfind('/') + 1);
    }
    ASSIGN_OR_RETURN(const std::vector<assist::LeftFile> left,
                     transaction_->apply(work_->take_edits()));
    for (const assist::LeftFile& file : left) {
      work_->give_up(file.path, file.reason);
      report_->left(file.path, file.reason);
    }
    return left.empty();
  }

  // Ends the transaction and tells of the files.
  Status close() {
    if (!transaction_) return {};
    RETURN_IF_ERROR(transaction_->end());
    for (const assist::FileEdit& edit : work_->edits()) {
      assist::FileOutcome outcome{.path = edit.path, .before = edit.before, .rewrite = {}};
      outcome.rewrite.verdict = assist::Rewrite::Verdict::kChanged;
      outcome.rewrite.text = edit.after;
      outcome.rewrite.matches["problem"] = n_mended_[edit.path];
      report_->changed(outcome);
    }
    return {};
  }

  Result<int> finish(const CommandResult& state) {
    for (const std::string& line : mended_) {
      if (!arguments_.json) std::printf("%s\n", line.c_str());
    }
    RETURN_IF_ERROR(report_->finish(run_, "changed"));
    if (runs_command() && !arguments_.json) {
      std::printf("%s: %s\n", joined(arguments_.command).c_str(),
                  state.passed ? "passes" : ("fails: " + state.last_line).c_str());
    }
    if (state.passed) return kAllKept;
    if (arguments_.check) return kSomeLeft;
    if (mended_.empty()) return kNothing;
    return runs_command() || report_->n_left() > 0 ? kSomeLeft : kAllKept;
  }

  const FixArguments& arguments_;
  const Environment& environment_;
  const assist::Recipe recipe_;
  std::string root_;
  std::optional<FixWork> work_;
  std::optional<RefactorReport> report_;
  std::unique_ptr<RefactorModel> model_;
  std::vector<std::string> mended_;  // for people
  std::map<std::string, int64_t> n_mended_;
  std::optional<assist::EditTransaction> transaction_;  // from the first edit on
  std::string run_;                                     // that can be undone; empty: none
};

constexpr const char* kFooter =
    "\nExamples:\n"
    "  rondo fix -- pytest -q                  run it, mend what it tells of, run it again\n"
    "  rondo fix -- mypy src                   (in a copy of the files, in a sandbox: needs `rondo "
    "trust`)\n"
    "  rondo fix --log build.log               mend what needs no try\n"
    "  rondo refactor undo 20261127-101500-3fa2    take it back\n\n"
    "Exit status: 0 the command passes, 1 some problems are left, 2 nothing was mended, 3 the "
    "input is\n"
    "wrong or the work could not be done. With --check: 0 nothing to do, 1 something.";

}  // namespace

void add_fix_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<FixArguments>();
  CLI::App* command =
      app.add_subcommand("fix", "Mend what a failing build, linter, type checker or test tells of");
  command->footer(kFooter);
  command->preparse_callback([&code = context.exit_code](size_t) { code = kBadInput; });
  command->add_option("CMD", arguments->command,
                      "The command, behind --: it must end with 0; no shell reads it");
  command->add_option("--log", arguments->log, "What it said, instead of running it first");
  command->add_flag("--plan", arguments->plan, "Show the problems, and change nothing");
  command->add_flag("--check", arguments->check,
                    "Change nothing; exit with 1 when there is something to mend");
  command->add_flag("--diff", arguments->diff, "Show the edits that are made as diffs");
  command->add_flag("--json", arguments->json, "One JSON object a line");
  command->add_option("--report", arguments->report, "A Markdown report with diffs and reasons");
  command->add_flag("--dirty", arguments->dirty, "Even when tracked files have changes");
  command->add_flag("--no-model", arguments->no_model,
                    "Only quick fixes: the model writes no statement anew");
  command->add_option("--workspace", arguments->workspace,
                      "The folder of all files (default: the one around the current folder)");
  command->add_option(
      "--tools", arguments->tools,
      "A folder that the command may read, as a virtual environment; may be repeated");
  command->add_option("--seconds", arguments->seconds, "How long the command may take (300)")
      ->check(CLI::Range(1, 100000));
  command->add_option("--runs", arguments->runs, "How often it may run (50)")
      ->check(CLI::Range(1, 100000));
  command
      ->add_option("--depth", arguments->depth,
                   "Steps in which what the model writes is checked and mended (3)")
      ->check(CLI::Range(1, assist::kMaxDepth));
  command->add_option("--candidates", arguments->candidates, "Drafts of each statement (1)")
      ->check(CLI::Range(1, 20));
  arguments->flags = add_flags(*command, kEngineFlags);
  on_refactor(*command, context, [arguments, context]() -> Result<int> {
    if (arguments->command.empty() && arguments->log.empty()) {
      return invalid_argument_error("say the command behind --, as in: rondo fix -- pytest -q");
    }
    return Fix(*arguments, context.environment).run();
  });
}

}  // namespace rondo::cli
