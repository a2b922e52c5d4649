#include "engine/segment_store.h"

#include <array>

namespace rondo::engine {

Hash128 SegmentStore::key(const SegmentInput& input) const {
  const std::array<int32_t, 1> released = {input.n_released_head};
  const Hash128 kind = hash_combine(model_digest_, hash_values(std::span<const int32_t>(released)));
  return hash_combine(kind, hash_values(std::span<const int32_t>(*input.tokens)));
}

std::shared_ptr<const Segment> SegmentStore::find(const SegmentInput& input) {
  const auto it = entries_.find(key(input));
  if (it == entries_.end()) return nullptr;
  const Segment& segment = *it->second.segment;
  if (segment.n_released_head != input.n_released_head || *segment.tokens != *input.tokens)
    return nullptr;
  recency_.splice(recency_.end(), recency_, it->second.recency);
  return it->second.segment;
}

std::shared_ptr<const Segment> SegmentStore::insert(const SegmentInput& input, int32_t n_kept,
                                                    PageList pages) {
  if (auto present = find(input)) return present;
  const Hash128 key = this->key(input);
  if (const auto collision = entries_.find(key); collision != entries_.end()) erase(collision);
  auto segment = std::make_shared<const Segment>(Segment{.key = key,
                                                         .tokens = input.tokens,
                                                         .n_released_head = input.n_released_head,
                                                         .n_kept = n_kept,
                                                         .pages = std::move(pages)});
  n_tokens_ += n_kept;
  entries_[key] = {.segment = segment, .recency = recency_.insert(recency_.end(), key)};
  return segment;
}

bool SegmentStore::evict_one() {
  for (const Hash128& key : recency_) {
    const auto it = entries_.find(key);
    if (it->second.segment.use_count() > 1) continue;
    erase(it);
    ++n_evicted_;
    return true;
  }
  return false;
}

void SegmentStore::clear() {
  while (!entries_.empty()) erase(entries_.begin());
}

void SegmentStore::erase(std::unordered_map<Hash128, Entry, Hash128Hasher>::iterator it) {
  n_tokens_ -= it->second.segment->n_kept;
  recency_.erase(it->second.recency);
  entries_.erase(it);
}

}  // namespace rondo::engine
