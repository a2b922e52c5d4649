#include "engine/disk_tier.h"

#include <sys/resource.h>

#include <utility>

namespace rondo::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kNice = 10;  // of the writer: it gives way to everything that somebody waits for

}  // namespace

DiskTier::DiskTier(SegmentLogOptions options, std::function<void()> wake)
    : wake_(std::move(wake)),
      note_(options.note),
      writer_([this, options = std::move(options)](std::stop_token stop) {
        run_writer(std::move(stop), options);
      }),
      reader_([this](std::stop_token stop) { run_reader(std::move(stop)); }) {}

DiskTier::~DiskTier() = default;

// What is queued is done, even when it is to stop.
void DiskTier::run_writer(std::stop_token stop, SegmentLogOptions options) {
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of this thread alone
  Result<std::unique_ptr<SegmentLog>> log = SegmentLog::open(std::move(options));
  if (!log.ok() && note_) note_(log.status().message());
  {
    const std::lock_guard lock(mutex_);
    if (log.ok()) log_ = std::move(*log);
    opened_ = true;
  }
  count();
  changed_.notify_all();
  wake_();
  while (auto work = to_write_.pop(stop)) (*work)();
}

void DiskTier::count() {
  if (SegmentLog* const of = log()) {
    n_segments_ = of->n_segments();
    n_bytes_ = of->n_bytes();
  }
}

void DiskTier::run_reader(std::stop_token stop) {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return opened_; })) return;
  }
  while (auto copy = to_read_.pop(stop)) {
    SegmentLog* const from = log();
    const Hash128 key = (*copy)->key;
    const auto began = Clock::now();
    Status status = from == nullptr ? not_found_error("there is no log") : from->read(key, **copy);
    finish({.copy = std::move(*copy),
            .was_read = true,
            .time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began),
            .status = std::move(status)});
  }
}

SegmentLog* DiskTier::log() const {
  const std::lock_guard lock(mutex_);
  return log_.get();
}

void DiskTier::finish(Done done) {
  {
    const std::lock_guard lock(mutex_);
    done_.push_back(std::move(done));
  }
  changed_.notify_all();
  wake_();
}

bool DiskTier::is_open() const {
  const std::lock_guard lock(mutex_);
  return opened_;
}

bool DiskTier::may_have(Hash128 key) const {
  const std::lock_guard lock(mutex_);
  return log_ == nullptr ? !opened_ : log_->has(key);
}

bool DiskTier::writes() const {
  const std::lock_guard lock(mutex_);
  return log_ == nullptr ? !opened_ : log_->writes();
}

bool DiskTier::write(HostCopyPtr copy) {
  Work work = [this, copy = std::move(copy)] { write_now(copy); };
  return to_write_.try_push(work);
}

// Told once, until there is room again.
void DiskTier::write_now(const HostCopyPtr& copy) {
  SegmentLog* const to = log();
  Status status = to != nullptr && to->writes() ? to->append(*copy) : unavailable_error("not ours");
  const bool full = status.code() == Code::kResourceExhausted;
  if (full && !disk_was_full_ && note_) note_("a Segment is not kept on disk: " + status.message());
  disk_was_full_ = full;
  count();  // before anybody is woken to look
  finish({.copy = copy, .status = std::move(status)});
}

bool DiskTier::read(HostCopyPtr copy) { return to_read_.try_push(copy); }

std::vector<DiskTier::Done> DiskTier::take_done() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

void DiskTier::wait(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return !done_.empty(); });
}

void DiskTier::erase(std::function<bool(std::string_view origin)> is_gone) {
  to_write_.push(
      [this, is_gone = std::move(is_gone)] {
        if (SegmentLog* const from = log()) from->erase(is_gone);
        count();
        wake_();
      },
      {});
}

void DiskTier::clear(std::function<void()> done) {
  to_write_.push(
      [this, done = std::move(done)] {
        if (SegmentLog* const all = log(); all != nullptr && all->writes()) all->clear();
        count();
        wake_();
        done();
      },
      {});
}

void DiskTier::list_origins(std::string prefix,
                            std::function<void(std::vector<std::string>)> done) {
  to_write_.push(
      [this, prefix = std::move(prefix), done = std::move(done)] {
        SegmentLog* const of = log();
        done(of == nullptr ? std::vector<std::string>() : of->origins(prefix));
      },
      {});
}

}  // namespace rondo::engine
