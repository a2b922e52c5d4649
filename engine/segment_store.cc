#include "engine/segment_store.h"

#include <array>

namespace rondo::engine {
namespace {

using kernels::kPageTokens;

// [i]: of all tokens in the first i + 1 pages, as far as pages are full.
std::vector<Hash128> beginnings_of(const TokenIds& tokens) {
  std::vector<Hash128> hashes;
  Hash128 hash;
  for (size_t end = kPageTokens; end <= tokens.size(); end += kPageTokens) {
    hash =
        hash_combine(hash, hash_values(std::span(tokens).subspan(end - kPageTokens, kPageTokens)));
    hashes.push_back(hash);
  }
  return hashes;
}

bool is_whole(const Segment& segment) {
  return segment.n_kept == static_cast<int32_t>(segment.tokens->size());
}

}  // namespace

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
  order_.touch(it->second.place);
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
                                                         .origin = input.origin,
                                                         .pages = std::move(pages)});
  n_tokens_ += n_kept;
  entries_[key] = {.segment = segment,
                   .place = order_.add(KvKind::kSegment, key, segment->pages.size())};
  if (is_whole(*segment)) {
    for (const Hash128& beginning : beginnings_of(*segment->tokens)) by_beginning_[beginning] = key;
  }
  return segment;
}

SegmentStore::Relative SegmentStore::nearest(const TokenIds& tokens) const {
  auto found = entries_.end();
  for (const Hash128& beginning : beginnings_of(tokens)) {
    const auto it = by_beginning_.find(beginning);
    if (it == by_beginning_.end()) break;
    found = entries_.find(it->second);
  }
  if (found == entries_.end()) return {};
  const TokenIds& others = *found->second.segment->tokens;
  const auto end = std::mismatch(tokens.begin(), tokens.end(), others.begin(), others.end()).first;
  return {.segment = found->second.segment, .n_equal = static_cast<int32_t>(end - tokens.begin())};
}

void SegmentStore::note_use(const Segment& segment) {
  const auto it = entries_.find(segment.key);
  if (it == entries_.end()) return;  // dropped while somebody held it
  order_.note_use(it->second.place);
}

bool SegmentStore::evict_one() {
  const EvictionOrder::Entry* const victim = order_.first([this](const auto& entry) {
    return entry.kind == KvKind::kSegment ? entries_.at(entry.key).segment.use_count() == 1
                                          : prefixes_.is_free(entry.key);
  });
  if (victim == nullptr) return false;
  if (victim->kind == KvKind::kPrefixPage) {
    prefixes_.erase(victim->key);
    return true;
  }
  const auto it = entries_.find(victim->key);
  if (evicted_) evicted_(*it->second.segment);
  erase(it);
  ++n_evicted_;
  return true;
}

void SegmentStore::forget(const std::function<bool(std::string_view origin)>& is_gone) {
  prefixes_.clear();
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto next = std::next(it);
    const Segment& segment = *it->second.segment;
    if (segment.origin != nullptr && is_gone(*segment.origin)) erase(it);
    it = next;
  }
}

void SegmentStore::clear() {
  prefixes_.clear();
  while (!entries_.empty()) erase(entries_.begin());
}

void SegmentStore::erase(Entries::iterator it) {
  const Segment& segment = *it->second.segment;
  n_tokens_ -= segment.n_kept;
  order_.remove(it->second.place);
  if (is_whole(segment)) {
    for (const Hash128& beginning : beginnings_of(*segment.tokens)) {
      const auto known = by_beginning_.find(beginning);
      if (known != by_beginning_.end() && known->second == it->first) by_beginning_.erase(known);
    }
  }
  entries_.erase(it);
}

}  // namespace rondo::engine
