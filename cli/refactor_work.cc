#include "cli/refactor_work.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "assist/function_rewriter.h"
#include "assist/git_tree.h"
#include "assist/names_elsewhere.h"
#include "assist/tree_file.h"
#include "cli/refactor_report.h"
#include "cli/refactor_targets.h"
#include "cli/settings.h"
#include "cli/type_checks.h"
#include "config/trust.h"
#include "workspace/chunk_options.h"
#include "workspace/languages.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using assist::EditTransaction;

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

const std::string kAnnotate = "annotate";  // where others have the file of a recipe

// Several words that name no file say what to do.
bool is_instruction(const std::string& recipe) {
  std::error_code error;
  return recipe.find(' ') != std::string::npos && !fs::exists(recipe, error);
}

// What the files of the tree say of names in others, where the recipe wants to know; also those
// that are not edited, as tests with secrets in them.
Status look_elsewhere(assist::Recipe& recipe, const std::string& root) {
  constexpr int64_t kMaxFileBytes = workspace::ChunkOptions().max_file_bytes;
  ASSIGN_OR_RETURN(assist::NamesElsewhere names, assist::NamesElsewhere::of(recipe));
  if (names.empty()) return {};
  ASSIGN_OR_RETURN(RefactorTargets all, RefactorTargets::of(root, {}));
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, all.all_paths());
  const std::set<std::string_view> ids(recipe.languages.begin(), recipe.languages.end());
  for (const std::string& path : paths) {
    if (!ids.contains(workspace::language_of_file(path, {}).id)) continue;
    const Result<std::string> text = assist::read_tree_file(root, path, kMaxFileBytes);
    if (text.ok()) RETURN_IF_ERROR(names.look_at(*text));
  }
  return {};
}

// Of the recipe in `text`, the content of `file`, for the tree below `root`; without a file it is
// an instruction.
Result<std::shared_ptr<const assist::CompiledRecipe>> compile(const std::string& text,
                                                              const std::string& file,
                                                              const std::string& root) {
  if (file == kAnnotate) return assist::CompiledRecipe::compile(assist::annotate_recipe());
  if (file.empty()) return assist::CompiledRecipe::compile(assist::instruction_recipe(text));
  ASSIGN_OR_RETURN(assist::Recipe recipe, assist::parse_recipe(text, file));
  RETURN_IF_ERROR(look_elsewhere(recipe, root));
  return assist::CompiledRecipe::compile(std::move(recipe));
}

// The type checkers of annotations, as far as they are there and may run.
std::vector<assist::Check> annotation_checks(const RefactorWork& work,
                                             const std::vector<std::string>& readable,
                                             const Environment& environment) {
  if (const Status trusted = refuse_untrusted(work.root, environment, "type checkers");
      !trusted.ok()) {
    std::fprintf(stderr, "rondo: types are not checked: %s\n", trusted.message().c_str());
    return {};
  }
  TypeChecks found = type_checks(work.root, work.paths, readable);
  for (const std::string& program : found.missing) {
    std::fprintf(stderr, "rondo: types are not checked by %s: name its folder with --tools\n",
                 program.c_str());
  }
  return std::move(found.checks);
}

// The checks that are asked for, open on a copy of the tree; nothing when there are none.
Result<std::optional<assist::CheckedTree>> open_checks(const RefactorArguments& arguments,
                                                       const RefactorWork& work,
                                                       const Environment& environment) {
  if (arguments.no_checks) return std::optional<assist::CheckedTree>();
  std::vector<assist::Check> checks = work.recipe->recipe().checks;
  for (const std::string& command : arguments.verify) {
    ASSIGN_OR_RETURN(assist::Check check, assist::check_of(command));
    checks.push_back(std::move(check));
  }
  if (!checks.empty()) {
    if (const Status status = refuse_untrusted(work.root, environment, "checks"); !status.ok()) {
      return invalid_argument_error(status.message() + ", or --no-checks");
    }
  }
  std::vector<std::string> readable;
  for (const std::string& folder : arguments.tools) {
    ASSIGN_OR_RETURN(std::string absolute, config::canonical_folder(folder));
    readable.push_back(std::move(absolute));
  }
  if (work.annotates) {
    for (assist::Check& check : annotation_checks(work, readable, environment)) {
      checks.push_back(std::move(check));
    }
  }
  if (checks.empty()) return std::optional<assist::CheckedTree>();
  ASSIGN_OR_RETURN(RefactorTargets all, RefactorTargets::of(work.root, {}));
  ASSIGN_OR_RETURN(std::vector<std::string> paths, all.all_paths());
  ASSIGN_OR_RETURN(assist::CheckedTree tree,
                   assist::CheckedTree::open({.root = work.root,
                                              .paths = std::move(paths),
                                              .parent = environment.cache_home + "/rondo/checks",
                                              .checks = std::move(checks),
                                              .readable = std::move(readable),
                                              .on_check = show_check}));
  return std::optional(std::move(tree));
}

}  // namespace

// Git's copy is what a person falls back to: what it does not have must not be mixed with edits.
Status refuse_dirty_tree(const std::string& root) {
  ASSIGN_OR_RETURN(const std::vector<std::string> changed, assist::changed_files(root));
  if (changed.empty()) return {};
  return invalid_argument_error(std::to_string(changed.size()) + " tracked files have changes, " +
                                changed.front() +
                                " among them; commit or stash them, or say --dirty");
}

// Linters, type checkers and tests run what a repository says: plugins, configuration, itself.
Status refuse_untrusted(const std::string& root, const Environment& environment,
                        const std::string& what) {
  const config::Places places = configuration_places(environment);
  ASSIGN_OR_RETURN(const config::Trust trust, config::Trust::read(places.trust_file));
  ASSIGN_OR_RETURN(const std::string text, config::workspace_text(root));
  if (trust.approves(root, text)) return {};
  return invalid_argument_error(what + " would run what " + root + " says; say `rondo trust " +
                                root + "` first");
}

std::string new_run_folder(const Environment& environment) {
  return runs_folder(environment) + "/" + new_run_name();
}

std::string RefactorWork::run_name() const { return fs::path(run).filename().string(); }

Result<RefactorWork> new_work(const RefactorArguments& arguments, const Environment& environment) {
  RefactorWork work;
  std::string file;
  std::string recipe_text = arguments.recipe;  // an instruction, unless a recipe is named
  work.annotates = arguments.annotates;
  if (arguments.annotates) {
    file = kAnnotate;
  } else if (!is_instruction(arguments.recipe)) {
    ASSIGN_OR_RETURN(file, find_recipe(arguments.recipe, environment));
    ASSIGN_OR_RETURN(recipe_text, read_file(file));
  }
  ASSIGN_OR_RETURN(RefactorTargets targets,
                   RefactorTargets::of(arguments.workspace, arguments.paths));
  if (!arguments.changed.empty()) RETURN_IF_ERROR(targets.keep_changed(arguments.changed));
  work.root = targets.root();
  ASSIGN_OR_RETURN(work.recipe, compile(recipe_text, file, work.root));
  work.paths = targets.paths();
  work.planned = work.paths;
  work.left = targets.left();
  if (arguments.plan || arguments.check) return work;
  const bool writes = arguments.patch.empty();
  if (writes && arguments.commit) RETURN_IF_ERROR(assist::ready_to_commit(work.root));
  if (writes && !arguments.dirty) RETURN_IF_ERROR(refuse_dirty_tree(work.root));
  ASSIGN_OR_RETURN(work.checks, open_checks(arguments, work, environment));
  if (!writes) return work;
  work.commits = arguments.commit;
  work.run = new_run_folder(environment);
  const Json about = {{"recipe", recipe_text},
                      {"file", file},
                      {"paths", work.paths},
                      {"verify", arguments.verify},
                      {"tools", arguments.tools},
                      {"noChecks", arguments.no_checks},
                      {"commits", arguments.commit},
                      {"depth", arguments.depth},
                      {"candidates", arguments.candidates},
                      {"engine", *arguments.flags}};
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

Result<RefactorWork> resumed_work(RefactorArguments& arguments, const Environment& environment) {
  RefactorWork work;
  ASSIGN_OR_RETURN(work.run, run_named(arguments.resume, environment));
  EditTransaction::State state;
  ASSIGN_OR_RETURN(work.edits, EditTransaction::resume(work.run, state));
  work.root = state.root;
  work.mends = state.about.contains("fix");
  if (work.mends) return work;
  const auto file = json_get<std::string>(state.about, "file").value_or("");
  const auto text = json_get<std::string>(state.about, "recipe").value_or("");
  work.annotates = file == kAnnotate;
  ASSIGN_OR_RETURN(work.recipe, compile(text, file, work.root));
  std::set<std::string> done(state.applied.begin(), state.applied.end());
  for (const assist::LeftFile& left : state.left) done.insert(left.path);
  for (const Json& path : state.about.value("paths", Json::array())) {
    if (path.is_string()) work.planned.push_back(path);
  }
  work.planned.insert(work.planned.end(), state.joined.begin(), state.joined.end());
  std::copy_if(work.planned.begin(), work.planned.end(), std::back_inserter(work.paths),
               [&](const std::string& path) { return !done.contains(path); });
  work.left = state.left;
  arguments.verify = state.about.value("verify", std::vector<std::string>());
  arguments.tools = state.about.value("tools", std::vector<std::string>());
  arguments.no_checks = state.about.value("noChecks", false);
  arguments.depth = state.about.value("depth", arguments.depth);
  arguments.candidates = state.about.value("candidates", arguments.candidates);
  if (arguments.flags->empty()) *arguments.flags = state.about.value("engine", Json::object());
  work.answers = std::move(state.answers);
  work.commits = state.about.value("commits", false);
  if (work.commits) RETURN_IF_ERROR(commit_shard(work, state.last_shard));
  ASSIGN_OR_RETURN(work.checks, open_checks(arguments, work, environment));
  return work;
}

Status commit_shard(const RefactorWork& work, const std::vector<std::string>& paths) {
  if (paths.empty()) return {};
  const assist::Recipe& recipe = work.recipe->recipe();
  const std::string files = paths.size() == 1 ? "a file" : std::to_string(paths.size()) + " files";
  return assist::commit_files(work.root, paths,
                              recipe.name + ": change " + files + "\n\n" + recipe.about + "\n");
}

}  // namespace rondo::cli
