#include "cli/refactor_command.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <set>
#include <thread>

#include "assist/git_tree.h"
#include "assist/tree_file.h"
#include "cli/place.h"
#include "cli/refactor_report.h"
#include "workspace/scanner.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using assist::EditTransaction;
using assist::FileOutcome;

// What scripts go by.
enum RefactorExit : int {
  kAllKept = 0,
  kSomeLeft = 1,  // or, with --check, that something would change
  kNothing = 2,   // no file was changed
  kBadInput = 3,  // of the command line or the recipe; or the work could not be done
};

struct Arguments {
  std::string recipe;
  std::vector<std::string> paths;
  std::string workspace;
  std::string report;
  std::string patch;
  std::string resume;
  std::string undo;
  int64_t shard = 64;
  int threads = 0;
  bool plan = false;
  bool check = false;
  bool json = false;
  bool dirty = false;
};

std::string runs_folder(const Environment& environment) {
  return environment.state_home + "/rondo/refactor";
}

// "20261127-101500-3fa2": when, and what tells two of one second apart.
std::string new_run_name() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  uint16_t salt = 0;
  if (::getrandom(&salt, sizeof salt, 0) != sizeof salt) salt = static_cast<uint16_t>(::getpid());
  char name[64];
  std::snprintf(name, sizeof name, "%04d%02d%02d-%02d%02d%02d-%04x", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, salt);
  return name;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return not_found_error("cannot read " + path);
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A recipe is a file, or the name of one that came with the program.
Result<std::string> find_recipe(const std::string& recipe, const Environment& environment) {
  std::error_code error;
  if (recipe.find('/') != std::string::npos || fs::is_regular_file(recipe, error)) return recipe;
  const fs::path binary_folder = fs::path(environment.executable).parent_path();
  const std::vector<fs::path> folders = {
      fs::path(environment.config_home) / "rondo/recipes",
      binary_folder.parent_path() / "share/rondo/recipes",
      binary_folder.parent_path().parent_path() / "recipes",
  };
  std::set<std::string> known;
  for (const fs::path& folder : folders) {
    const fs::path file = folder / (recipe + ".yaml");
    if (fs::is_regular_file(file, error)) return file.string();
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      if (it->path().extension() == ".yaml") known.insert(it->path().stem().string());
    }
  }
  std::string names;
  for (const std::string& name : known) names += "\n  " + name;
  return not_found_error("no recipe is called '" + recipe + "'; name a file, or one of:" + names);
}

Result<std::shared_ptr<const assist::CompiledRecipe>> compile(const std::string& text,
                                                              const std::string& file) {
  ASSIGN_OR_RETURN(assist::Recipe recipe, assist::parse_recipe(text, file));
  return assist::CompiledRecipe::compile(std::move(recipe));
}

// The files that are meant: folders without what their ignore files leave out, files unless they
// are ignored, and with "-" those that stdin names, one a line.
class Targets {
 public:
  static Result<Targets> of(const Arguments& arguments) {
    std::string folder = arguments.workspace;
    std::error_code error;
    if (folder.empty() && !arguments.paths.empty() && arguments.paths[0] != "-") {
      const fs::path first = fs::canonical(arguments.paths[0], error);
      if (error) return not_found_error("there is no " + arguments.paths[0]);
      folder = fs::is_directory(first, error) ? first.string() : first.parent_path().string();
    }
    ASSIGN_OR_RETURN(const std::string root, find_workspace(folder));
    ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(root));
    Targets targets(root, std::move(scanner));
    for (const std::string& path : arguments.paths) RETURN_IF_ERROR(targets.add(path));
    return targets;
  }

  const std::string& root() const { return root_; }
  std::vector<std::string> paths() const { return {paths_.begin(), paths_.end()}; }
  const std::vector<assist::LeftFile>& left() const { return left_; }

 private:
  Targets(std::string root, workspace::Scanner scanner)
      : root_(std::move(root)), scanner_(std::move(scanner)) {}

  Status add(const std::string& path) {
    if (path == "-") {
      for (std::string line; std::getline(std::cin, line);) {
        if (!line.empty() && line != "-") RETURN_IF_ERROR(add(line));
      }
      return {};
    }
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (error) return not_found_error("there is no " + path);
    const std::string relative = real.lexically_relative(root_).generic_string();
    if (relative.starts_with("..")) {
      return invalid_argument_error(path + " is not inside " + root_ +
                                    "; name the folder of all with --workspace");
    }
    if (fs::is_directory(real, error)) return add_folder(relative);
    if (const auto exclusion = scanner_.exclusion(relative)) {
      left_.push_back({relative, exclusion->reason});
    } else {
      paths_.insert(relative);
    }
    return {};
  }

  Status add_folder(const std::string& folder) {
    const std::string prefix = folder == "." ? "" : folder + "/";
    if (!scanned_) {
      const auto note = [this](std::string path) { all_.push_back(std::move(path)); };
      ASSIGN_OR_RETURN(const auto summary, scanner_.scan(note, {}));
      scanned_ = true;
    }
    for (const std::string& path : all_) {
      if (path.starts_with(prefix)) paths_.insert(path);
    }
    return {};
  }

  std::string root_;
  workspace::Scanner scanner_;
  bool scanned_ = false;
  std::vector<std::string> all_;  // of the root, once it was scanned
  std::set<std::string> paths_;
  std::vector<assist::LeftFile> left_;
};

// Git's copy is what a person falls back to: what it does not have must not be mixed with edits.
Status refuse_dirty_tree(const std::string& root) {
  ASSIGN_OR_RETURN(const std::vector<std::string> changed, assist::changed_files(root));
  if (changed.empty()) return {};
  return invalid_argument_error(std::to_string(changed.size()) + " tracked files have changes, " +
                                changed.front() +
                                " among them; commit or stash them, or say --dirty");
}

// What one run works with.
struct Work {
  std::shared_ptr<const assist::CompiledRecipe> recipe;
  std::string recipe_text;
  std::string root;
  std::vector<std::string> paths;
  std::vector<assist::LeftFile> left;  // before it began
  std::string run;                     // its folder; empty: nothing is written
  std::optional<EditTransaction> edits;
};

Result<Work> new_work(const Arguments& arguments, const Environment& environment) {
  Work work;
  ASSIGN_OR_RETURN(const std::string file, find_recipe(arguments.recipe, environment));
  ASSIGN_OR_RETURN(work.recipe_text, read_file(file));
  ASSIGN_OR_RETURN(work.recipe, compile(work.recipe_text, file));
  ASSIGN_OR_RETURN(const Targets targets, Targets::of(arguments));
  work.root = targets.root();
  work.paths = targets.paths();
  work.left = targets.left();
  const bool writes = !arguments.plan && !arguments.check && arguments.patch.empty();
  if (!writes) return work;
  if (!arguments.dirty) RETURN_IF_ERROR(refuse_dirty_tree(work.root));
  work.run = runs_folder(environment) + "/" + new_run_name();
  const Json about = {{"recipe", work.recipe_text}, {"file", file}, {"paths", work.paths}};
  ASSIGN_OR_RETURN(work.edits, EditTransaction::begin(work.run, work.root, about));
  return work;
}

Result<std::string> run_named(const std::string& name, const Environment& environment) {
  const std::string folder = runs_folder(environment);
  std::error_code error;
  const bool plain = name.find('/') == std::string::npos && name != "..";
  if (plain && fs::is_directory(folder + "/" + name, error)) return folder + "/" + name;
  std::string names;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names += "\n  " + it->path().filename().string();
  }
  return not_found_error("there is no run '" + name + "'; there are:" + names);
}

// The rest of a run that was killed.
Result<Work> resumed_work(const Arguments& arguments, const Environment& environment) {
  Work work;
  ASSIGN_OR_RETURN(work.run, run_named(arguments.resume, environment));
  EditTransaction::State state;
  ASSIGN_OR_RETURN(work.edits, EditTransaction::resume(work.run, state));
  work.root = state.root;
  work.recipe_text = json_get<std::string>(state.about, "recipe").value_or("");
  const auto file = json_get<std::string>(state.about, "file").value_or("the recipe");
  ASSIGN_OR_RETURN(work.recipe, compile(work.recipe_text, file));
  std::set<std::string> done(state.applied.begin(), state.applied.end());
  for (const assist::LeftFile& left : state.left) done.insert(left.path);
  for (const Json& path : state.about.value("paths", Json::array())) {
    if (path.is_string() && !done.contains(path)) work.paths.push_back(path);
  }
  work.left = state.left;
  return work;
}

// Plans a shard, tells of it and, where the work writes, makes its edits.
Status work_shard(Work& work, std::vector<FileOutcome> outcomes, RefactorReport& report,
                  std::string* patch) {
  using Verdict = assist::Rewrite::Verdict;
  std::vector<assist::FileEdit> edits;
  for (const FileOutcome& outcome : outcomes) {
    if (outcome.rewrite.verdict != Verdict::kChanged) continue;
    if (work.edits) edits.push_back({outcome.path, outcome.before, outcome.rewrite.text});
    if (patch != nullptr) {
      *patch += assist::unified_diff(outcome.path, outcome.before, outcome.rewrite.text);
    }
  }
  std::vector<assist::LeftFile> left;
  if (!edits.empty()) {
    ASSIGN_OR_RETURN(left, work.edits->apply(edits));
  }
  for (const FileOutcome& outcome : outcomes) {
    const auto out = std::find_if(left.begin(), left.end(), [&](const assist::LeftFile& file) {
      return file.path == outcome.path;
    });
    if (out != left.end()) {
      report.left(out->path, out->reason);
    } else if (outcome.rewrite.verdict == Verdict::kLeftOut) {
      report.left(outcome.path, outcome.rewrite.reason);
    } else {
      if (outcome.rewrite.verdict == Verdict::kChanged) report.changed(outcome);
      report.left_places(outcome);
    }
  }
  return {};
}

Status write_patch(const std::string& path, const std::string& patch) {
  std::ofstream file(path, std::ios::binary);
  file << patch;
  file.close();
  return file ? Status() : unavailable_error("the patch " + path + " cannot be written");
}

Result<int> run(const Arguments& arguments, const Environment& environment) {
  const bool resumes = !arguments.resume.empty();
  if (!resumes && (arguments.recipe.empty() || arguments.paths.empty())) {
    return invalid_argument_error(
        "say RECIPE and PATHS, as in: rondo refactor typing-modernise src");
  }
  ASSIGN_OR_RETURN(
      Work work, resumes ? resumed_work(arguments, environment) : new_work(arguments, environment));
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  assist::Refactoring refactoring(work.recipe, work.root,
                                  arguments.threads > 0 ? arguments.threads : cores);
  RefactorReport report(
      {.json = arguments.json, .diffs = arguments.plan, .markdown = arguments.report},
      work.recipe->recipe(), static_cast<int64_t>(work.paths.size()));
  for (const assist::LeftFile& left : work.left) report.left(left.path, left.reason);
  std::string patch;
  const std::span<const std::string> paths(work.paths);
  for (size_t at = 0; at < paths.size();) {
    const size_t n = std::min(paths.size() - at, static_cast<size_t>(arguments.shard));
    const Status status = work_shard(work, refactoring.rewrite(paths.subspan(at, n)), report,
                                     arguments.patch.empty() ? nullptr : &patch);
    if (!status.ok()) {
      const std::string name = fs::path(work.run).filename().string();
      return Status(status.code(), status.message() + "; go on with `rondo refactor --resume " +
                                       name + "`, or take it back with `rondo refactor undo " +
                                       name + "`");
    }
    at += n;
    report.progress(static_cast<int64_t>(at));
  }
  if (work.edits) RETURN_IF_ERROR(work.edits->end());
  if (!arguments.patch.empty()) RETURN_IF_ERROR(write_patch(arguments.patch, patch));
  const bool wrote = work.edits && report.n_changed() > 0;
  RETURN_IF_ERROR(report.finish(wrote ? fs::path(work.run).filename().string() : "",
                                work.edits ? "changed" : "would change"));
  if (arguments.check) return report.n_changed() > 0 ? kSomeLeft : kAllKept;
  if (report.n_changed() == 0 && !resumes) return kNothing;
  return report.n_left() > 0 ? kSomeLeft : kAllKept;
}

Result<int> undo(const Arguments& arguments, const Environment& environment) {
  ASSIGN_OR_RETURN(const std::string folder, run_named(arguments.undo, environment));
  ASSIGN_OR_RETURN(const EditTransaction::Undone undone, EditTransaction::undo(folder));
  std::printf("%zu files are as they were before\n", undone.restored.size());
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
    "  git diff --name-only main | rondo refactor my-recipe.yaml -\n\n"
    "Exit status: 0 all was kept, 1 some places or files were left, 2 nothing was changed,\n"
    "3 the input is wrong or the work could not be done. With --check: 0 nothing to do, 1 "
    "something.";

}  // namespace

void add_refactor_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
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
