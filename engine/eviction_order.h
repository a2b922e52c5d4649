// In which order the page pool gives up what it keeps for later, Segments and prefix pages alike.
//
//   trial   kept, and not come back to yet    the first to go, least recently used first
//   used    come back to at least once        goes when nothing on trial can
//
// So a scan, however much it keeps, drops its own and not what a cursor comes back to. What is used
// has a limit; beyond it that which was not used for longest is on trial again.
//
// Thread: the engine thread. Owns nothing but the order.
#pragma once

#include <cstdint>
#include <functional>
#include <list>

#include "base/hash.h"

namespace rondo::engine {

enum class KvKind {
  kSegment,    // position-free (segment_store.h)
  kPrefixPage  // chained (prefix_pages.h)
};

class EvictionOrder {
 public:
  struct Entry {
    KvKind kind = KvKind::kSegment;
    Hash128 key;
    int32_t n_pages = 0;
    bool used = false;
  };
  using Place = std::list<Entry>::iterator;  // valid until it is removed

  explicit EvictionOrder(int64_t most_used_pages) : most_used_pages_(most_used_pages) {}

  // On trial, the most recently used.
  Place add(KvKind kind, Hash128 key, int32_t n_pages);
  // The most recently used of its queue.
  void touch(Place place);
  // The most recently used of all.
  void note_use(Place place);
  void remove(Place place);
  // The first to go of those that `is_free` says nobody holds; null when there is none. Valid until
  // the next call.
  const Entry* first(const std::function<bool(const Entry&)>& is_free) const;

 private:
  std::list<Entry>& queue_of(const Entry& entry) { return entry.used ? used_ : trial_; }
  void move_to_trial(Place place);

  const int64_t most_used_pages_;
  std::list<Entry> trial_;  // least recently used first
  std::list<Entry> used_;
  int64_t n_used_pages_ = 0;
};

}  // namespace rondo::engine
