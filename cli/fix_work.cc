#include "cli/fix_work.h"

#include <algorithm>
#include <utility>

#include "assist/tree_file.h"
#include "workspace/secrets.h"

namespace rondo::cli {
namespace {

constexpr int64_t kMemoryBytes = int64_t{4} << 30;
constexpr int64_t kFileBytes = int64_t{256} << 20;

std::string last_line_of(std::string_view output) {
  const size_t end = output.find_last_not_of(" \n\r\t");
  if (end == output.npos) return "";
  output = output.substr(0, end + 1);
  const size_t begin = output.rfind('\n');
  return std::string(begin == output.npos ? output : output.substr(begin + 1)).substr(0, 200);
}

bool has(const std::vector<assist::Problem>& problems, const assist::Problem& problem) {
  return std::any_of(problems.begin(), problems.end(), [&](const assist::Problem& other) {
    return other.path == problem.path && other.message == problem.message &&
           other.line == problem.line;
  });
}

}  // namespace

Result<FixWork> FixWork::open(FixOptions options) {
  if (!options.command.empty()) RETURN_IF_ERROR(assist::sandbox_ready());
  // Without a command nothing reads the copy.
  const std::vector<std::string> paths =
      options.command.empty() ? std::vector<std::string>() : options.paths;
  ASSIGN_OR_RETURN(assist::TreeCopy copy,
                   assist::TreeCopy::make(options.root, paths, options.parent));
  return FixWork(std::move(options), std::move(copy));
}

Result<CommandResult> FixWork::run() {
  ++n_runs_;
  assist::BuildLog log(options_.root);
  ASSIGN_OR_RETURN(
      const assist::SandboxRun run,
      assist::run_in_sandbox(
          {.words = options_.command,
           .folder = copy_.folder(),
           .seen_as = options_.root,
           .readable = options_.readable,
           .on_output = [&](std::string_view text) { log.add(text); }},
          {.time = options_.time, .memory_bytes = kMemoryBytes, .file_bytes = kFileBytes}));
  return CommandResult{
      .passed = run.passed(),
      .timed_out = run.timed_out,
      .problems = log.problems(),
      .last_line = run.timed_out ? "it did not end in time" : last_line_of(run.output)};
}

Result<FixWork::File*> FixWork::file(const std::string& path) {
  if (const auto known = files_.find(path); known != files_.end()) return &known->second;
  ASSIGN_OR_RETURN(std::string bytes, assist::read_tree_file(options_.root, path));
  return &files_.emplace(path, File{.before = bytes, .taken = bytes, .now = bytes}).first->second;
}

std::optional<std::string> FixWork::why_not(const assist::Problem& problem) {
  const auto& paths = options_.paths;
  if (!std::binary_search(paths.begin(), paths.end(), problem.path)) {
    return "is no file of the workspace, or is ignored";
  }
  const Result<File*> found = file(problem.path);
  if (!found.ok()) return found.status().message();
  if (!(*found)->lost.empty()) return (*found)->lost;
  if (const auto secret = workspace::find_secret((*found)->now)) return "holds " + secret->what;
  return std::nullopt;
}

bool FixWork::is_better(const CommandResult& before, const CommandResult& after,
                        const assist::Problem& meant) const {
  if (after.passed) return true;
  if (after.timed_out && !before.timed_out) return false;  // it had no time to tell of all
  if (after.problems.empty()) return false;                // it fails and does not say why
  if (after.problems.size() != before.problems.size()) {
    return after.problems.size() < before.problems.size();
  }
  const bool in_its_place =
      std::any_of(after.problems.begin(), after.problems.end(), [&](const assist::Problem& other) {
        return !has(before.problems, other) && other.path == meant.path && other.line <= meant.line;
      });
  return !has(after.problems, meant) && !in_its_place;
}

Result<std::optional<std::string>> FixWork::mend(const assist::Problem& problem,
                                                 assist::LogFixer& fixer, CommandResult& state) {
  ASSIGN_OR_RETURN(File* const mended, file(problem.path));
  for (assist::Proposal& proposal : fixer.proposals(mended->now, problem)) {
    if (!may_run()) break;
    RETURN_IF_ERROR(copy_.put(problem.path, proposal.text));
    ASSIGN_OR_RETURN(CommandResult after, run());
    if (is_better(state, after, problem)) {
      mended->now = std::move(proposal.text);
      state = std::move(after);
      return std::optional(std::move(proposal.what));
    }
    RETURN_IF_ERROR(copy_.put(problem.path, mended->now));
  }
  return std::optional<std::string>();
}

Result<std::optional<std::string>> FixWork::take_surest(const assist::Problem& problem,
                                                        assist::LogFixer& fixer) {
  ASSIGN_OR_RETURN(File* const mended, file(problem.path));
  std::vector<assist::Proposal> proposals = fixer.proposals(mended->now, problem);
  if (proposals.size() != 1) return std::optional<std::string>();
  mended->now = std::move(proposals[0].text);
  return std::optional(std::move(proposals[0].what));
}

std::vector<assist::FileEdit> FixWork::take_edits() {
  std::vector<assist::FileEdit> edits;
  for (auto& [path, file] : files_) {
    if (file.taken != file.now) edits.push_back({path, file.taken, file.now});
    file.taken = file.now;
  }
  return edits;
}

std::vector<assist::FileEdit> FixWork::edits() const {
  std::vector<assist::FileEdit> edits;
  for (const auto& [path, file] : files_) {
    if (file.before != file.now && file.lost.empty()) {
      edits.push_back({path, file.before, file.now});
    }
  }
  return edits;
}

}  // namespace rondo::cli
