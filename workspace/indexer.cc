#include "workspace/indexer.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "workspace/imports.h"
#include "workspace/path.h"

namespace rondo::workspace {
namespace {

// Files between two calls of on_progress.
constexpr int64_t kProgressFiles = 64;
// What the parser may take for one text: with many errors in it, it can take very long.
constexpr std::chrono::seconds kTextBudget{2};
// How much the system prefers other threads to those that work in the background.
constexpr int kBackgroundNice = 10;

WorkLimits limits_of_text(std::stop_token stop) {
  return {.deadline = std::chrono::steady_clock::now() + kTextBudget, .stop = std::move(stop)};
}

void name_thread(const char* name) { pthread_setname_np(pthread_self(), name); }

// On Linux, nice values are of threads.
void work_in_background() { (void)setpriority(PRIO_PROCESS, gettid(), kBackgroundNice); }

}  // namespace

Result<std::unique_ptr<Indexer>> Indexer::start(const std::string& root, BlockIndex& index,
                                                IndexerOptions options) {
  ASSIGN_OR_RETURN(Scanner scanner, Scanner::open(root, options.scan));
  return std::unique_ptr<Indexer>(new Indexer(std::move(scanner), index, std::move(options)));
}

Indexer::Indexer(Scanner scanner, BlockIndex& index, IndexerOptions options)
    : root_(scanner.root()),
      options_(std::move(options)),
      index_(index),
      rules_(std::move(scanner)) {
  threads_.emplace_back([this](std::stop_token stop) { run_documents(stop); });
  threads_.emplace_back([this](std::stop_token stop) { run_scans(stop); });
  for (int i = 0; i < std::max(options_.n_threads, 1); ++i) {
    threads_.emplace_back([this](std::stop_token stop) { run_worker(stop); });
  }
}

Indexer::~Indexer() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Indexer::document_changed(DocumentSnapshot document) {
  const std::string& path = document->path;
  post(path, {.document = document});
}

void Indexer::document_closed(const std::string& path) { post(path, {.closed = true}); }

void Indexer::file_changed(const std::string& path) {
  if (is_ignore_file(path)) rescan();
  post(path, {});
}

// An event of a path takes the place of one that waits, so that only the newest text is cut.
void Indexer::post(const std::string& path, Event event) {
  const std::lock_guard lock(mutex_);
  if (event.document != nullptr) open_.insert(path);
  if (event.closed) open_.erase(path);
  const auto [waiting, added] = events_.try_emplace(path);
  if (added) event_order_.push_back(path);
  if (event.document != nullptr || event.closed) waiting->second = std::move(event);
  changed_.notify_all();
}

void Indexer::rescan() {
  const std::lock_guard lock(mutex_);
  rules_changed_ = true;
  changed_.notify_all();
}

// ---- The rules.

std::optional<Exclusion> Indexer::exclusion(const Document& document) const {
  const std::lock_guard lock(rules_mutex_);
  return rules_.exclusion(document.path, *document.text);
}

bool Indexer::is_excluded(const std::string& path) const {
  const std::lock_guard lock(rules_mutex_);
  return rules_.exclusion(path).has_value();
}

void Indexer::find_excluded(std::vector<std::string> paths,
                            std::function<void(std::vector<std::string> excluded)> done) {
  const std::lock_guard lock(mutex_);
  questions_.push_back(
      [this, paths = std::move(paths), done = std::move(done)] { answer(paths, done); });
  changed_.notify_all();
}

void Indexer::answer(const std::vector<std::string>& paths,
                     const std::function<void(std::vector<std::string>)>& done) const {
  std::vector<std::string> excluded;
  for (const std::string& path : paths) {
    std::error_code error;
    const bool is_unread =
        index_.file(path) == nullptr && std::filesystem::exists(root_ + "/" + path, error);
    if (is_unread || is_excluded(path)) excluded.push_back(path);
  }
  done(std::move(excluded));
}

void Indexer::tell_excluded(const std::string& path) const {
  if (options_.on_excluded && index_.file(path) != nullptr) options_.on_excluded(path);
}

// ---- The scan thread.

void Indexer::run_scans(std::stop_token stop) {
  name_thread("rondo-scan");
  work_in_background();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return scan_wanted_; })) return;
      scan_wanted_ = false;
      scanning_ = true;
      scan_reported_ = false;
    }
    scan(stop);
    {
      const std::lock_guard lock(mutex_);
      scanning_ = false;
      changed_.notify_all();
    }
    report_if_finished();
  }
}

void Indexer::scan(std::stop_token stop) {
  n_done_ = 0;
  n_total_ = 0;
  n_skipped_ = 0;
  std::set<std::string, std::less<>> found;
  Result<Scanner> scanner = Scanner::open(root_, options_.scan);
  if (scanner.ok()) {
    const Result<ScanSummary> summary = scanner->scan(
        [&](const std::string& path) {
          if (queue_.add(path)) ++n_total_;
          found.insert(path);
        },
        stop);
    if (!summary.ok()) return;
    const std::lock_guard lock(mutex_);
    note_ = summary->note;
  } else {
    const std::lock_guard lock(mutex_);
    note_ = scanner.status().message();
  }
  for (const std::string& path : index_.paths()) {
    if (!found.contains(path)) forget_unless_open(path);
  }
}

// ---- The workers.

void Indexer::run_worker(std::stop_token stop) {
  name_thread("rondo-index");
  work_in_background();
  Chunker chunker(queries_, options_.chunk);
  while (const std::optional<std::string> path = queue_.take(stop)) {
    index_file(chunker, *path, stop);
    const int64_t n_done = ++n_done_;
    queue_.done(*path);
    if (queue_.is_idle()) {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    }
    if (n_done % kProgressFiles == 0) report(false);
    report_if_finished();
  }
}

void Indexer::index_file(Chunker& chunker, const std::string& path, std::stop_token stop) {
  const int64_t n_rules = n_rules_;
  Result<std::string> bytes = is_excluded(path)
                                  ? invalid_argument_error(path + " is excluded")
                                  : read_source(root_, path, options_.chunk.max_file_bytes);
  if (!bytes.ok()) {
    ++n_skipped_;
    if (bytes.status().code() == Code::kInvalidArgument) tell_excluded(path);
    return forget_unless_open(path);
  }
  const Language& language = language_of_file(path, *bytes);
  if (reuse(path, language, *bytes, n_rules)) return;
  auto text = std::make_shared<const Text>(std::move(*bytes));
  Result<Chunked> chunked = chunker.chunk(language, text, limits_of_text(std::move(stop)));
  if (!chunked.ok() || !chunked->skipped.empty()) ++n_skipped_;
  if (!chunked.ok() || chunked->blocks.empty()) return forget_unless_open(path);
  const std::lock_guard lock(mutex_);
  if (open_.contains(path) || n_rules_ != n_rules) return;
  index_.replace({.path = path,
                  .language = &language,
                  .text = std::move(text),
                  .blocks = std::move(chunked->blocks)});
}

// Whether the index had these bytes and now has them at `path`.
bool Indexer::reuse(const std::string& path, const Language& language, const std::string& bytes,
                    int64_t n_rules) {
  const FileBlocksSnapshot known = index_.with_text(language, hash_text(bytes));
  if (known == nullptr || known->text == nullptr || known->text->bytes() != bytes) return false;
  const std::lock_guard lock(mutex_);
  if (open_.contains(path) || n_rules_ != n_rules) return true;
  if (index_.file(path) != known) {
    index_.replace(
        {.path = path, .language = &language, .text = known->text, .blocks = known->blocks});
  }
  return true;
}

void Indexer::forget_unless_open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!open_.contains(path)) index_.remove(path);
}

// ---- The document thread.

void Indexer::run_documents(std::stop_token stop) {
  name_thread("rondo-document");
  Chunker chunker(queries_, options_.chunk);
  OpenDocuments documents;
  std::unique_lock lock(mutex_);
  const auto is_called = [this] {
    return rules_changed_ || !events_.empty() || !questions_.empty();
  };
  while (changed_.wait(lock, stop, is_called)) {
    handling_event_ = true;
    if (std::exchange(rules_changed_, false)) {
      lock.unlock();
      renew_rules(chunker, documents, stop);
    } else if (events_.empty()) {
      const std::function<void()> question = std::move(questions_.front());
      questions_.pop_front();
      lock.unlock();
      question();
    } else {
      const auto event = events_.extract(event_order_.front());
      event_order_.pop_front();
      lock.unlock();
      handle(event.key(), event.mapped(), chunker, documents, stop);
    }
    lock.lock();
    handling_event_ = false;
    changed_.notify_all();
  }
}

void Indexer::renew_rules(Chunker& chunker, OpenDocuments& documents, std::stop_token stop) {
  if (Result<Scanner> rules = Scanner::open(root_, options_.scan); rules.ok()) {
    const std::lock_guard lock(rules_mutex_);
    rules_ = std::move(*rules);
  }
  for (auto& [path, open] : documents) index_document(chunker, open, stop);
  const std::lock_guard lock(mutex_);
  ++n_rules_;
  scan_wanted_ = true;
}

void Indexer::handle(const std::string& path, const Event& event, Chunker& chunker,
                     OpenDocuments& documents, std::stop_token stop) {
  if (event.document != nullptr) {
    const auto [open, opened] = documents.try_emplace(path);
    open->second.document = event.document;
    index_document(chunker, open->second, stop);
    if (opened) prefer_neighbours(*event.document);
    return;
  }
  if (event.closed) documents.erase(path);
  if (is_excluded(path)) {
    tell_excluded(path);
    forget_unless_open(path);
  } else if (queue_.add_urgent(path)) {
    ++n_total_;
  }
}

void Indexer::index_document(Chunker& chunker, OpenDocument& open, std::stop_token stop) {
  const Document& document = *open.document;
  if (open.tree.language != document.language) {
    open.tree = {.language = document.language, .tree = {}};
  }
  FileBlocks file{
      .path = document.path, .language = document.language, .text = document.text, .blocks = {}};
  if (exclusion(document)) {
    tell_excluded(document.path);
  } else {
    Result<Chunked> chunked =
        chunker.update(open.tree, document.text, limits_of_text(std::move(stop)));
    if (!chunked.ok()) return;
    file.blocks = std::move(chunked->blocks);
  }
  const std::lock_guard lock(mutex_);
  if (!open_.contains(document.path)) return;  // closed meanwhile
  if (file.blocks.empty()) {
    index_.remove(document.path);
  } else {
    index_.replace(std::move(file));
  }
}

void Indexer::prefer_neighbours(const Document& document) {
  const std::string_view folder = folder_of(document.path);
  std::set<std::string, std::less<>> stems;
  for (const std::string& module : imported_modules(document.path, document.text->bytes())) {
    stems.emplace(name_of(module));
  }
  queue_.prefer([&](const std::string& path) {
    return folder_of(path) == folder || stems.contains(stem_of(path));
  });
}

// ---- Progress.

IndexProgress Indexer::progress() const {
  const int64_t n_without_text = index_.stats().n_without_text;
  const std::lock_guard lock(mutex_);
  return {.n_done = n_done_,
          .n_total = n_total_,
          .n_skipped = n_skipped_,
          .finished = !scanning_ && !scan_wanted_ && !rules_changed_ && queue_.is_idle(),
          .note = note_.empty() && n_without_text > 0
                      ? root_ + ": the texts of " + std::to_string(n_without_text) +
                            " files found no room in memory; they are no context"
                      : note_};
}

void Indexer::report(bool finished) {
  if (!options_.on_progress) return;
  IndexProgress now = progress();
  now.finished = finished;
  options_.on_progress(now);
}

void Indexer::report_if_finished() {
  {
    const std::lock_guard lock(mutex_);
    if (scan_reported_ || scanning_ || !queue_.is_idle()) return;
    scan_reported_ = true;
  }
  report(true);
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

bool Indexer::is_idle_locked() const {
  return events_.empty() && !handling_event_ && !rules_changed_ && !scan_wanted_ &&
         scan_reported_ && queue_.is_idle();
}

bool Indexer::wait_until_idle(std::chrono::milliseconds timeout, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, timeout, [this] { return is_idle_locked(); });
}

}  // namespace rondo::workspace
