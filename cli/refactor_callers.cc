#include "cli/refactor_callers.h"

#include <chrono>

#include "workspace/indexer.h"

namespace rondo::cli {
namespace {

constexpr std::chrono::minutes kPatience{5};  // for the workspace to be read
constexpr int64_t kMaxFiles = 500;            // that call a function; more says nothing

}  // namespace

Status RefactorCallers::read_workspace() {
  if (index_) return {};
  index_ = std::make_unique<workspace::BlockIndex>();
  ASSIGN_OR_RETURN(const auto indexer, workspace::Indexer::start(root_, *index_));
  if (indexer->wait_until_idle(kPatience)) return {};
  return unavailable_error("the workspace was not read in time to find callers");
}

Result<std::vector<Caller>> RefactorCallers::of(const std::vector<assist::FileOutcome>& outcomes) {
  std::set<std::string> names;
  for (const assist::FileOutcome& outcome : outcomes) {
    if (outcome.rewrite.verdict != assist::Rewrite::Verdict::kChanged) continue;
    names.insert(outcome.rewrite.signatures.begin(), outcome.rewrite.signatures.end());
  }
  std::vector<Caller> callers;
  if (names.empty()) return callers;
  RETURN_IF_ERROR(read_workspace());
  for (const std::string& name : names) {
    for (const workspace::BlockRef& block : index_->referencing(name, kMaxFiles)) {
      if (known_.insert(block.file->path).second) callers.push_back({block.file->path, name});
    }
  }
  return callers;
}

}  // namespace rondo::cli
