// Encoded Segments by content: each is encoded once and composed into any prompt by writing its
// page numbers into a page table. What nobody holds stays until its pages are wanted; it shares the
// pool, and the order in which things go (eviction_order.h), with the prefix pages of models that
// read no Segments.
//
// Thread: the engine thread. A Segment owns its pages and is owned by the store and by whoever
// composes it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "engine/eviction_order.h"
#include "engine/page_list.h"
#include "engine/page_pool.h"
#include "engine/prefix_pages.h"
#include "engine/request.h"

namespace rondo::engine {

// A Block as the engine holds it: token ids and the pages with their K/V.
struct Segment {
  Hash128 key;
  std::shared_ptr<const TokenIds> tokens;
  int32_t n_released_head =
      0;               // 0: whole; else only these leading tokens and the anchors are in the pages
  int32_t n_kept = 0;  // tokens in the pages
  std::shared_ptr<const std::string> origin;  // of the first input
  PageList pages;                             // [pages_for(n_kept)], all full but the last
};

class SegmentStore {
 public:
  // Keys also depend on `model_digest`: weights, configuration and kernels that make the K/V.
  // Used ones, Segments and prefix pages, may have `most_used_pages`.
  explicit SegmentStore(Hash128 model_digest,
                        int64_t most_used_pages = std::numeric_limits<int64_t>::max())
      : model_digest_(model_digest), order_(most_used_pages), prefixes_(model_digest, order_) {}

  Hash128 model_digest() const { return model_digest_; }
  Hash128 key(const SegmentInput& input) const;

  // The encoded Segment, which stays in the store as long as the pointer lives; null when it has to
  // be encoded. Token ids are compared, so that a hash collision is a miss.
  std::shared_ptr<const Segment> find(const SegmentInput& input);
  // An equal Segment that came first wins, and `pages` go back to the pool.
  std::shared_ptr<const Segment> insert(const SegmentInput& input, int32_t n_kept, PageList pages);
  // The whole Segment that agrees with the beginning of `tokens` furthest, as far as a look at full
  // pages tells, and for how many tokens: their K/V are those of `tokens` too, because a Segment
  // begins at position 0 and sees nothing but itself. Null when none shares a page. It may be
  // evicted next.
  struct Relative {
    std::shared_ptr<const Segment> segment;
    int32_t n_equal = 0;
  };
  Relative nearest(const TokenIds& tokens) const;
  // A prompt has composed it.
  void note_use(const Segment& segment);

  // Pages of prompts that composed no Segments.
  PrefixPages& prefixes() { return prefixes_; }

  // Frees a Segment or a prefix page that nobody holds; false when there is none.
  bool evict_one();
  // Called with a Segment that is evicted, before its pages are free. May be empty.
  void on_evict(std::function<void(const Segment&)> called) { evicted_ = std::move(called); }
  // Drops all whose origin `is_gone` says is, and the prefix pages, which have none; who holds one
  // keeps it.
  void forget(const std::function<bool(std::string_view origin)>& is_gone);
  void clear();

  int64_t n_segments() const { return static_cast<int64_t>(entries_.size()); }
  int64_t n_tokens() const { return n_tokens_; }
  int64_t n_evicted() const { return n_evicted_; }

 private:
  struct Entry {
    std::shared_ptr<const Segment> segment;
    EvictionOrder::Place place;
  };
  using Entries = std::unordered_map<Hash128, Entry, Hash128Hasher>;

  void erase(Entries::iterator it);

  const Hash128 model_digest_;
  std::function<void(const Segment&)> evicted_;
  EvictionOrder order_;
  PrefixPages prefixes_;
  Entries entries_;
  // By the tokens of its first page, first two pages, ... a whole Segment that begins with them.
  std::unordered_map<Hash128, Hash128, Hash128Hasher> by_beginning_;
  int64_t n_tokens_ = 0;
  int64_t n_evicted_ = 0;
};

inline int32_t n_anchors(const ModelConfig& config) {
  return config.segment ? config.segment->anchors_per_segment : 0;
}

// How many tokens of a Segment of `n_tokens` stay when it is released: the head and the anchors.
inline int32_t kept_tokens(const SegmentInput& input, int32_t n_anchors) {
  const auto n_tokens = static_cast<int32_t>(input.tokens->size());
  return input.n_released_head == 0 ? n_tokens
                                    : std::min(n_tokens, input.n_released_head + n_anchors);
}

}  // namespace rondo::engine
