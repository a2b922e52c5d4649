#include "assist/checked_tree.h"

#include <algorithm>
#include <utility>

#include "assist/build_log.h"

namespace rondo::assist {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{256} << 20;  // of what a check writes
constexpr size_t kMaxReasonBytes = 200;

// The last line that says something: where linters, compilers and tests sum up.
std::string last_line(std::string_view output) {
  const size_t end = output.find_last_not_of(" \n\r\t");
  if (end == output.npos) return "";
  output = output.substr(0, end + 1);
  const size_t begin = output.rfind('\n');
  const std::string_view line = begin == output.npos ? output : output.substr(begin + 1);
  return std::string(line.substr(0, kMaxReasonBytes));
}

std::string reason_of(const Check& check, const SandboxRun& run) {
  if (run.timed_out) {
    return check.name + " did not end within " + std::to_string(check.time.count()) + " s";
  }
  const std::string line = last_line(run.output);
  return "fails " + check.name + (line.empty() ? "" : ": " + line);
}

// Lines move with edits, so a problem is what is said of a file.
std::string key_of(const Problem& problem) { return problem.path + ": " + problem.message; }

// The first problem that was not told of so often before; empty: there is none.
std::string new_problem(const std::vector<Problem>& problems,
                        std::map<std::string, int64_t> before) {
  for (const Problem& problem : problems) {
    if (--before[key_of(problem)] >= 0) continue;
    return problem.path + ":" + std::to_string(problem.line) + ": " + problem.message;
  }
  return "";
}

}  // namespace

// What a check says of the copy.
struct CheckedTree::Ran {
  SandboxRun sandbox;
  std::vector<Problem> problems;
};

// The changes of a file on their way.
struct CheckedTree::Halving {
  const FileEdit& edit;
  const std::vector<Change>& changes;
  std::vector<Change> kept;
  std::string now;  // the file with `kept`
  std::vector<LeftChange> left;
};

Result<CheckedTree> CheckedTree::open(CheckedTreeOptions options) {
  RETURN_IF_ERROR(sandbox_ready());
  ASSIGN_OR_RETURN(TreeCopy copy, TreeCopy::make(options.root, options.paths, options.parent));
  CheckedTree tree(std::move(options), std::move(copy));
  RETURN_IF_ERROR(tree.note_before());
  return tree;
}

Status CheckedTree::note_before() {
  for (const Check& check : options_.checks) {
    ASSIGN_OR_RETURN(const Ran ran, run(check, 0));
    Told& told = before_.emplace_back();
    if (ran.sandbox.passed()) continue;
    const auto n_problems = ran.problems.size();
    const bool tells = n_problems > 0 && n_problems < kMaxProblems && !ran.sandbox.timed_out;
    if (!check.no_worse || !tells) {
      return invalid_argument_error("without any edit the tree " + reason_of(check, ran.sandbox) +
                                    "; mend that, or leave this check out");
    }
    for (const Problem& problem : ran.problems) ++told[key_of(problem)];
  }
  return {};
}

Result<CheckedTree::Ran> CheckedTree::run(const Check& check, size_t n_edits) const {
  options_.on_check(check, n_edits);
  const SandboxLimits limits = {
      .time = check.time, .memory_bytes = check.memory_bytes, .file_bytes = kMaxFileBytes};
  BuildLog log(options_.root);
  Ran ran;
  ASSIGN_OR_RETURN(ran.sandbox,
                   run_in_sandbox({.words = check.words,
                                   .folder = copy_.folder(),
                                   .seen_as = options_.root,
                                   .readable = options_.readable,
                                   .on_output = [&](std::string_view text) { log.add(text); }},
                                  limits));
  ran.problems = log.problems();
  return ran;
}

// Why the copy does not pass now; empty: it does.
Result<std::string> CheckedTree::failure(size_t n_edits) const {
  for (size_t i = 0; i < options_.checks.size(); ++i) {
    const Check& check = options_.checks[i];
    ASSIGN_OR_RETURN(const Ran ran, run(check, n_edits));
    if (ran.sandbox.passed()) continue;
    const bool tells = !ran.problems.empty() && !ran.sandbox.timed_out;
    if (!check.no_worse || !tells) return reason_of(check, ran.sandbox);
    const std::string fresh = new_problem(ran.problems, before_[i]);
    if (!fresh.empty()) return "fails " + check.name + ": " + fresh;
  }
  return std::string();
}

Result<std::vector<LeftFile>> CheckedTree::keep(std::span<const FileEdit> edits) {
  std::vector<LeftFile> left;
  if (!edits.empty()) RETURN_IF_ERROR(keep_some(edits, left));
  return left;
}

Status CheckedTree::keep_some(std::span<const FileEdit> edits, std::vector<LeftFile>& left) const {
  for (const FileEdit& edit : edits) RETURN_IF_ERROR(copy_.put(edit.path, edit.after));
  ASSIGN_OR_RETURN(std::string reason, failure(edits.size()));
  if (reason.empty()) return {};
  for (const FileEdit& edit : edits) RETURN_IF_ERROR(copy_.put(edit.path, edit.before));
  if (edits.size() == 1) {
    left.push_back({edits[0].path, std::move(reason)});
    return {};
  }
  RETURN_IF_ERROR(keep_some(edits.first(edits.size() / 2), left));
  return keep_some(edits.subspan(edits.size() / 2), left);
}

Result<std::vector<LeftChange>> CheckedTree::keep_changes(FileEdit& edit,
                                                          const std::vector<Change>& changes) {
  Halving halving{.edit = edit, .changes = changes, .now = edit.before};
  if (!changes.empty()) RETURN_IF_ERROR(keep_half(halving, 0, changes.size()));
  edit.after = std::move(halving.now);
  return std::move(halving.left);
}

// Those from `begin` to `end`, beside the ones that were kept before.
Status CheckedTree::keep_half(Halving& halving, size_t begin, size_t end) const {
  const FileEdit& edit = halving.edit;
  std::vector<Change> tried = halving.kept;
  tried.insert(tried.end(), halving.changes.begin() + static_cast<std::ptrdiff_t>(begin),
               halving.changes.begin() + static_cast<std::ptrdiff_t>(end));
  std::string text = with_changes(edit.before, edit.after, tried);
  RETURN_IF_ERROR(copy_.put(edit.path, text));
  ASSIGN_OR_RETURN(std::string reason, failure(1));
  if (reason.empty()) {
    halving.kept = std::move(tried);
    halving.now = std::move(text);
    return {};
  }
  RETURN_IF_ERROR(copy_.put(edit.path, halving.now));
  if (end - begin == 1) {
    halving.left.push_back({begin, std::move(reason)});
    return {};
  }
  const size_t middle = begin + (end - begin) / 2;
  RETURN_IF_ERROR(keep_half(halving, begin, middle));
  return keep_half(halving, middle, end);
}

}  // namespace rondo::assist
