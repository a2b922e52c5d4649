#include "assist/checked_tree.h"

#include <utility>

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

}  // namespace

Result<CheckedTree> CheckedTree::open(CheckedTreeOptions options) {
  RETURN_IF_ERROR(sandbox_ready());
  ASSIGN_OR_RETURN(TreeCopy copy, TreeCopy::make(options.root, options.paths, options.parent));
  CheckedTree tree(std::move(options), std::move(copy));
  ASSIGN_OR_RETURN(const std::string reason, tree.failure(0));
  if (reason.empty()) return tree;
  return invalid_argument_error("without any edit the tree " + reason +
                                "; mend that, or leave this check out");
}

// Why the copy does not pass now; empty: it does.
Result<std::string> CheckedTree::failure(size_t n_edits) const {
  for (const Check& check : options_.checks) {
    options_.on_check(check, n_edits);
    ASSIGN_OR_RETURN(const SandboxRun run, run_in_sandbox({.words = check.words,
                                                           .folder = copy_.folder(),
                                                           .seen_as = options_.root,
                                                           .readable = options_.readable},
                                                          {.time = check.time,
                                                           .memory_bytes = check.memory_bytes,
                                                           .file_bytes = kMaxFileBytes}));
    if (!run.passed()) return reason_of(check, run);
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

}  // namespace rondo::assist
