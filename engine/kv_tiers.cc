#include "engine/kv_tiers.h"

#include <algorithm>
#include <utility>

#include "engine/page_list.h"

namespace rondo::engine {
namespace {

using Clock = std::chrono::steady_clock;

// Memory for what is on its way to the disk or from it.
constexpr int64_t kPassingBytes = 64 << 20;
constexpr int32_t kLeastSegments = 4;  // of the largest kind, that it holds in any case
constexpr std::chrono::microseconds kMoment{200};
constexpr std::chrono::seconds kClosing{2};
constexpr std::chrono::minutes kBarred{1};

int64_t host_bytes(const TierOptions& options, const Device& lane) {
  const int64_t kept = lane.is_cpu() ? 0 : options.host_bytes;
  return kept + (options.disk_folder.empty() ? 0 : kPassingBytes);
}

Hash128 digest_of(const Device& lane, const SegmentStore& store) {
  const auto type = static_cast<int32_t>(lane.kernels().kv_type);
  return hash_combine(store.model_digest(), hash_values(std::span(&type, 1)));
}

}  // namespace

KvTiers::KvTiers(const TierOptions& options, Device& lane, PagePool& pages, SegmentStore& store,
                 EngineStats& stats, std::function<void()> wake)
    : options_(options),
      lane_(lane),
      pages_(pages),
      store_(store),
      stats_(stats),
      has_host_(!lane.is_cpu() && options.host_bytes > 0),
      memory_(lane, pages.page_bytes(), host_bytes(options, lane)) {
  if (has_host_ || !options.disk_folder.empty())
    store_.on_evict([this](const Segment& segment) { evicted(segment); });
  if (options.disk_folder.empty()) return;
  disk_ = std::make_unique<DiskTier>(
      SegmentLogOptions{.folder = options.disk_folder,
                        .max_bytes = options.disk_bytes,
                        .kind = {.model = digest_of(lane, store), .page_bytes = pages.page_bytes()},
                        .note = options.note},
      std::move(wake));
}

KvTiers::~KvTiers() {
  store_.on_evict({});
  settle();
}

// ---- down ------------------------------------------------------------------------------------

bool KvTiers::is_barred(std::string_view origin) const {
  return std::any_of(barred_.begin(), barred_.end(),
                     [&](const Barred& barred) { return barred.is_gone(origin); });
}

bool KvTiers::to_disk(const Segment& segment) const {
  return disk_ != nullptr && segment.origin != nullptr && disk_->writes() &&
         !writing_.contains(segment.key) && !disk_->may_have(segment.key);
}

void KvTiers::encoded(const std::shared_ptr<const Segment>& segment) {
  if (segment->origin != nullptr && is_barred(*segment->origin)) return;
  if (disk_ != nullptr && segment->origin != nullptr) to_write_.push_back(segment);
}

// Before its pages are free.
void KvTiers::evicted(const Segment& segment) {
  if (segment.origin != nullptr && is_barred(*segment.origin)) return;
  if (const auto hosted = hosted_.find(segment.key); hosted != hosted_.end()) {
    recency_.splice(recency_.end(), recency_, hosted->second.place);
  } else if (has_host_ || to_disk(segment)) {
    copy_out(segment, true);
  }
}

// True if the copy is under way.
bool KvTiers::copy_out(const Segment& segment, bool was_evicted) {
  const HostCopyPtr copy = take_copy({.key = segment.key,
                                      .tokens = segment.tokens,
                                      .n_released_head = segment.n_released_head,
                                      .n_kept = segment.n_kept,
                                      .origin = segment.origin ? *segment.origin : ""});
  if (copy == nullptr) return false;
  for (int32_t i = 0; i < segment.pages.size(); ++i)
    lane_.copy(copy->pages[i], pages_.page(segment.pages[i]), pages_.page_bytes());
  if (to_disk(segment)) writing_.insert(segment.key);
  transfers_.push_back(
      {.done = Event(lane_), .copy = copy, .to_host = true, .was_evicted = was_evicted});
  transfers_.back().done.record();
  return true;
}

// With pages, for which hosted Segments give way; null when there are none.
HostCopyPtr KvTiers::take_copy(SegmentCopy copy) {
  const int32_t n = pages_for(copy.n_kept);
  copy.pages = memory_.take(n);
  while (std::ssize(copy.pages) < n && evict_hosted()) copy.pages = memory_.take(n);
  if (std::ssize(copy.pages) < n) return nullptr;
  return std::make_shared<HostCopy>(memory_, std::move(copy));
}

void KvTiers::host(const HostCopyPtr& copy) {
  unhost(copy->key);
  n_hosted_pages_ += std::ssize(copy->pages);
  hosted_[copy->key] = {.copy = copy, .place = recency_.insert(recency_.end(), copy->key)};
  ++stats_.host.n_written;
}

void KvTiers::unhost(Hash128 key) {
  const auto it = hosted_.find(key);
  if (it == hosted_.end()) return;
  n_hosted_pages_ -= std::ssize(it->second.copy->pages);
  recency_.erase(it->second.place);
  hosted_.erase(it);
}

bool KvTiers::evict_hosted() {
  if (recency_.empty()) return false;
  unhost(recency_.front());
  ++stats_.host.n_evicted;
  return true;
}

// ---- up --------------------------------------------------------------------------------------

KvTiers::Fetched KvTiers::fetch(const SegmentInput& input, int32_t n_kept) {
  const Hash128 key = store_.key(input);
  if (const auto hosted = hosted_.find(key); hosted != hosted_.end()) {
    ++stats_.host.n_hits;
    recency_.splice(recency_.end(), recency_, hosted->second.place);
    const HostCopyPtr copy = hosted->second.copy;  // stays, whatever gives way
    if (!copy_in(input, copy)) return Fetched::kAbsent;
    ++stats_.host.n_restored;
    return Fetched::kHere;
  }
  if (coming_.contains(key)) return Fetched::kComing;
  if (disk_ == nullptr || input.origin == nullptr || !disk_->may_have(key)) return Fetched::kAbsent;
  if (!options_.always_restore && !rates_.prefers_reading()) return Fetched::kAbsent;
  const HostCopyPtr copy = take_copy({.key = key, .n_kept = n_kept});
  if (copy == nullptr || !disk_->read(copy)) return Fetched::kAbsent;
  coming_[key] = input;
  return Fetched::kComing;
}

// Into pages of the pool, and the store; false when it is not what is wanted, or there are no
// pages.
bool KvTiers::copy_in(const SegmentInput& input, const HostCopyPtr& copy) {
  if (*copy->tokens != *input.tokens || copy->n_released_head != input.n_released_head)
    return false;
  PageList pages(pages_);
  while (!pages.grow(pages_for(copy->n_kept))) {
    if (!store_.evict_one()) return false;
  }
  for (int32_t i = 0; i < pages.size(); ++i)
    lane_.copy(pages_.page(pages[i]), copy->pages[i], pages_.page_bytes());
  transfers_.push_back({.done = Event(lane_), .copy = copy});
  transfers_.back().done.record();
  store_.insert(input, copy->n_kept, std::move(pages));
  return true;
}

void KvTiers::wait() {
  if (disk_ != nullptr) disk_->wait(kMoment);
}

void KvTiers::note_encoding(int64_t n_tokens, std::chrono::microseconds time) {
  rates_.note_encoding(n_tokens, time);
}

// ---- what is under way -----------------------------------------------------------------------

void KvTiers::step() {
  lift_bars();
  land_transfers();
  land_disk();
  write_one();
  count();
}

// What was encoded meanwhile, for who had not noticed, goes too.
void KvTiers::lift_bars() {
  std::erase_if(barred_, [this](const Barred& barred) {
    if (Clock::now() < barred.until) return false;
    store_.forget(barred.is_gone);
    return true;
  });
}

bool KvTiers::is_busy() const { return !transfers_.empty() || can_write_; }

void KvTiers::settle() {
  if (!transfers_.empty()) transfers_.back().done.wait();
  land_transfers();
}

void KvTiers::empty_pool() {
  while (store_.evict_one()) settle();  // so that each finds room for its copy
  count();
}

void KvTiers::land_transfers() {
  while (!transfers_.empty() && transfers_.front().done.passed()) {
    const Transfer transfer = std::move(transfers_.front());
    transfers_.pop_front();
    if (transfer.to_host) arrived(transfer);
  }
}

// What a failed device copied means nothing.
void KvTiers::arrived(const Transfer& transfer) {
  const HostCopyPtr& copy = transfer.copy;
  const bool is_wanted = lane_.ok() && !is_barred(copy->origin);
  if (is_wanted && transfer.was_evicted && has_host_) host(copy);
  if (!writing_.contains(copy->key)) return;
  if (!is_wanted || disk_ == nullptr || !disk_->write(copy)) writing_.erase(copy->key);
}

void KvTiers::land_disk() {
  if (disk_ == nullptr) return;
  for (const DiskTier::Done& done : disk_->take_done()) {
    if (done.was_read) {
      land_read(done);
    } else {
      if (done.status.ok()) ++stats_.disk.n_written;
      writing_.erase(done.copy->key);
    }
  }
}

void KvTiers::land_read(const DiskTier::Done& done) {
  const auto wanted = coming_.extract(done.copy->key);
  if (wanted.empty() || !done.status.ok()) return;
  ++stats_.disk.n_hits;
  rates_.note_read(done.copy->n_kept, done.time);
  const SegmentInput& input = wanted.mapped();
  if (input.origin != nullptr && is_barred(*input.origin)) return;
  if (!copy_in(input, done.copy)) return;
  ++stats_.disk.n_restored;
  if (has_host_) host(done.copy);
}

// One, so that a step stays short.
void KvTiers::write_one() {
  can_write_ = false;
  if (disk_ == nullptr || !disk_->is_open()) return;
  while (!to_write_.empty()) {
    const std::shared_ptr<const Segment> segment = to_write_.front().lock();
    if (segment != nullptr && to_disk(*segment) && !is_barred(*segment->origin)) {
      if (!copy_out(*segment, false)) return;  // until there is room again
      to_write_.pop_front();
      can_write_ = !to_write_.empty();
      return;
    }
    to_write_.pop_front();
  }
}

void KvTiers::close() {
  const auto deadline = Clock::now() + kClosing;
  while (disk_ != nullptr && disk_->writes() && lane_.ok() &&
         !(to_write_.empty() && transfers_.empty()) && Clock::now() < deadline) {
    step();
    settle();
    if (!can_write_ && !to_write_.empty()) wait();
  }
  settle();
  disk_.reset();
  store_.on_evict({});
}

// ---- what must go ----------------------------------------------------------------------------

void KvTiers::forget(const IsGone& is_gone) {
  barred_.push_back({.is_gone = is_gone, .until = Clock::now() + kBarred});
  for (auto it = hosted_.begin(); it != hosted_.end();) {
    const Hash128 key = it->first;
    const bool goes = is_gone(it->second.copy->origin);
    ++it;
    if (goes) unhost(key);
  }
  if (disk_ != nullptr) disk_->erase(is_gone);
}

void KvTiers::clear(std::function<void()> done) {
  settle();
  coming_.clear();
  to_write_.clear();
  while (!recency_.empty()) unhost(recency_.front());
  if (disk_ == nullptr) return done();
  disk_->clear(std::move(done));
}

void KvTiers::list_origins(std::string prefix, std::function<void(std::vector<std::string>)> done) {
  if (disk_ == nullptr) return done({});
  disk_->list_origins(std::move(prefix), std::move(done));
}

void KvTiers::count() {
  stats_.host.n_segments = std::ssize(hosted_);
  stats_.host.n_bytes = n_hosted_pages_ * pages_.page_bytes();
  if (disk_ == nullptr) return;
  stats_.disk.n_segments = disk_->n_segments();
  stats_.disk.n_bytes = disk_->n_bytes();
}

}  // namespace rondo::engine
