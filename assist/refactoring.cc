#include "assist/refactoring.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "assist/tree_file.h"
#include "workspace/chunk_options.h"
#include "workspace/secrets.h"

namespace rondo::assist {
namespace {

constexpr int64_t kMaxFileBytes = workspace::ChunkOptions().max_file_bytes;

FileOutcome left_out(const std::string& path, std::string reason) {
  FileOutcome outcome{.path = path, .before = {}, .rewrite = {}};
  outcome.rewrite.verdict = Rewrite::Verdict::kLeftOut;
  outcome.rewrite.reason = std::move(reason);
  return outcome;
}

}  // namespace

Refactoring::Refactoring(std::shared_ptr<const CompiledRecipe> recipe, std::string root,
                         int n_threads, FillHoles fill)
    : recipe_(std::move(recipe)), root_(std::move(root)), asks_model_(fill != nullptr) {
  for (int i = 0; i < std::max(n_threads, 1); ++i) {
    rewriters_.emplace_back([rewriter = std::make_shared<Rewriter>(recipe_, fill)](
                                std::string_view path, std::string_view bytes) {
      return rewriter->rewrite(path, bytes);
    });
  }
}

Refactoring::Refactoring(std::shared_ptr<const CompiledRecipe> recipe, std::string root,
                         std::vector<RewriteFile> rewriters, bool asks_model)
    : recipe_(std::move(recipe)),
      root_(std::move(root)),
      asks_model_(asks_model),
      rewriters_(std::move(rewriters)) {}

std::vector<FileOutcome> Refactoring::rewrite(std::span<const std::string> paths,
                                              const std::function<void(int64_t)>& on_file) {
  std::vector<FileOutcome> outcomes(paths.size());
  std::atomic<size_t> next = 0;
  std::mutex done_mutex;
  int64_t n_done = 0;
  const auto work = [&](const RewriteFile& rewriter) {
    for (size_t i; (i = next.fetch_add(1)) < paths.size();) {
      outcomes[i] = rewrite_file(rewriter, paths[i]);
      const std::lock_guard lock(done_mutex);
      ++n_done;
      if (on_file) on_file(n_done);
    }
  };
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < std::min(rewriters_.size(), paths.size()); ++i) {
    threads.emplace_back([&work, &rewriter = rewriters_[i]] { work(rewriter); });
  }
  work(rewriters_[0]);
  threads.clear();
  return outcomes;
}

FileOutcome Refactoring::rewrite_file(const RewriteFile& rewriter, const std::string& path) const {
  Result<std::string> bytes = read_tree_file(root_, path, kMaxFileBytes);
  if (!bytes.ok()) return left_out(path, bytes.status().message());
  FileOutcome outcome{.path = path, .before = {}, .rewrite = {}};
  if (bytes->find('\0') != std::string::npos) return outcome;  // no text
  // The text of a file would go to the model, into the ledger, patches and reports.
  if (!asks_model_) outcome.rewrite = rewriter(path, *bytes);
  const bool would_show = asks_model_ ? recipe_->is_about(path, *bytes)
                                      : outcome.rewrite.verdict == Rewrite::Verdict::kChanged ||
                                            !outcome.rewrite.open.empty();
  if (!would_show) return outcome;
  if (const auto secret = workspace::find_secret(*bytes)) {
    return left_out(path, "holds " + secret->what);
  }
  if (asks_model_) outcome.rewrite = rewriter(path, *bytes);
  outcome.before = std::move(*bytes);
  return outcome;
}

}  // namespace rondo::assist
