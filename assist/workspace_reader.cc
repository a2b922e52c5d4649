#include "assist/workspace_reader.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <memory>
#include <set>
#include <utility>

#include "assist/fim_prompt.h"
#include "base/check.h"
#include "kernels/kernels.h"
#include "workspace/imports.h"
#include "workspace/path.h"

namespace rondo::assist {
namespace {

constexpr int kBackgroundNice = 10;
// Of what the engine can hold: for the workspace, and at once.
constexpr int64_t kShare = 2;
constexpr int64_t kBatchShare = 16;
constexpr int64_t kMostBatchTokens = 16'384;

}  // namespace

WorkspaceReader::WorkspaceReader(engine::Engine& engine, const workspace::BlockIndex& index,
                                 std::string folder)
    : engine_(engine),
      index_(index),
      folder_(std::move(folder)),
      thread_([this](std::stop_token stop) { work(stop); }) {
  CHECK(engine.config().segment.has_value(), "only Segments can be read before they are wanted");
}

WorkspaceReader::~WorkspaceReader() = default;

void WorkspaceReader::look(std::vector<std::string> first) {
  const std::lock_guard lock(mutex_);
  first_ = std::move(first);
  look_ = true;
  progress_.finished = false;
  wanted_.notify_one();
}

ReadingProgress WorkspaceReader::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void WorkspaceReader::work(std::stop_token stop) {
  (void)setpriority(PRIO_PROCESS, gettid(), kBackgroundNice);
  while (true) {
    std::vector<std::string> first;
    {
      std::unique_lock lock(mutex_);
      if (!wanted_.wait(lock, stop, [this] { return look_; })) return;
      look_ = false;
      first = first_;
    }
    read_all(first, stop);
    const std::lock_guard lock(mutex_);
    progress_.finished = !look_;
  }
}

void WorkspaceReader::read_all(const std::vector<std::string>& first, const std::stop_token& stop) {
  const int64_t n_tokens = engine_.stats().n_pages * int64_t{kernels::kPageTokens};
  batch_tokens_ = std::min(n_tokens / kBatchShare, kMostBatchTokens);
  {
    const std::lock_guard lock(mutex_);
    progress_.max_tokens = n_tokens / kShare;
  }
  if (n_tokens == 0) return;  // it rests
  for (const std::string& path : with_imports(first)) {
    if (!read_file(path, n_tokens, stop)) return;
  }
  for (const std::string& path : index_.paths()) {
    if (progress().n_tokens + batch_.n_tokens >= n_tokens / kShare) break;
    if (!read_file(path, n_tokens / kShare, stop)) return;
  }
  flush(stop);
}

std::vector<std::string> WorkspaceReader::with_imports(
    const std::vector<std::string>& first) const {
  std::vector<std::string> paths = first;
  std::set<std::string> known(first.begin(), first.end());
  for (const std::string& path : first) {
    const workspace::FileBlocksSnapshot file = index_.file(path);
    if (file == nullptr || file->text == nullptr) continue;
    for (const std::string& module : workspace::imported_modules(path, file->text->bytes())) {
      for (const auto& imported : index_.files_at(module)) {
        if (known.insert(imported->path).second) paths.push_back(imported->path);
      }
    }
  }
  return paths;
}

// Until `max_tokens` are read; false when it is to end.
bool WorkspaceReader::read_file(const std::string& path, int64_t max_tokens,
                                const std::stop_token& stop) {
  const int64_t n_forgotten = index_.n_forgotten();
  const workspace::FileBlocksSnapshot file = index_.file(path);
  if (file == nullptr || file->text == nullptr) return !stop.stop_requested();
  const auto origin = std::make_shared<const std::string>(folder_ + "/" + path);
  for (const workspace::Block& block : file->blocks) {
    if (stop.stop_requested()) return false;
    if (progress().n_tokens + batch_.n_tokens >= max_tokens) return true;
    if (!known_.insert(hash_combine(hash_text(path), block.hash)).second) continue;
    engine::SegmentInput segment = block_segment(engine_.config(), engine_.tokenizer(), path,
                                                 workspace::with_lf(file->text_of(block)));
    segment.origin = origin;
    if (batch_.segments.empty()) batch_.n_forgotten = n_forgotten;
    batch_.paths.insert(path);
    batch_.n_tokens += static_cast<int64_t>(segment.tokens->size());
    batch_.segments.push_back(std::move(segment));
    if (batch_.n_tokens >= batch_tokens_ && !flush(stop)) return false;
  }
  return true;
}

// Waits until the engine has read what is in the batch; false when it did not.
bool WorkspaceReader::flush(const std::stop_token& stop) {
  Batch batch = std::exchange(batch_, {});
  if (batch.segments.empty()) return !stop.stop_requested();
  const auto n_blocks = static_cast<int64_t>(batch.segments.size());
  const auto read = std::make_shared<std::promise<bool>>();
  engine::Request request = {.priority = engine::Priority::kBackground,
                             .segments = std::move(batch.segments),
                             .segment_deadline = std::chrono::hours(1)};
  request.cancel = stop;
  request.on_done = [read](const Result<engine::Completion>& completion) {
    read->set_value(completion.ok());
  };
  engine_.submit(std::move(request));
  const bool done = read->get_future().get();
  forget_removed(batch);
  if (!done) return false;
  const std::lock_guard lock(mutex_);
  progress_.n_blocks += n_blocks;
  progress_.n_tokens += batch.n_tokens;
  return true;
}

// What was excluded while the engine read it was perhaps forgotten before it was there.
void WorkspaceReader::forget_removed(const Batch& batch) {
  if (index_.n_forgotten() == batch.n_forgotten) return;
  std::vector<std::string> removed;
  for (const std::string& path : batch.paths) {
    if (index_.file(path) == nullptr) removed.push_back(folder_ + "/" + path);
  }
  if (!removed.empty()) engine_.forget_segments(std::move(removed));
}

}  // namespace rondo::assist
