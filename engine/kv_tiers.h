// Where Segments are beside the page pool, and how they get there and back, bit for bit:
//
//   page pool   the device's memory         SegmentStore
//   host        pinned, beside a GPU only   what the pool evicted, least recently used out first
//   disk        files, across restarts      everything that was encoded and has an origin
//
//   encoded --copy--> writer thread --> disk          while nobody notices: a few at a time
//   evicted --copy--> host                            on the lane of chunks, beside the GPU's work
//   wanted  <--copy-- host                            at once: what comes after it in the lane
//   finds it
//           <--copy-- reader thread <-- disk          the request goes on with others until it is
//           there
//
// A Segment that a prompt wants is looked for here before it is encoded. From the disk it comes
// unless encoding was measured to be faster. What is wanted is asked for as soon as the request
// begins, all of it at once, so that reading goes on beside encoding.
//
// Thread: the engine thread. Ownership: owns host memory and disk threads; borrows lane, pool,
// store. Errors: whatever does not work is as if it were not there: the Segment is encoded.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/disk_tier.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/host_pages.h"
#include "engine/page_pool.h"
#include "engine/segment_store.h"
#include "engine/tier_rates.h"

namespace rondo::engine {

class KvTiers {
 public:
  enum class Fetched {
    kAbsent,  // encode it
    kHere,    // in the store now
    kComing   // in the store, or absent, when is_coming() is false
  };
  using IsGone = std::function<bool(std::string_view origin)>;

  // `lane`: that chunks go through. `wake`: there is something for step() to do, from any thread.
  KvTiers(const TierOptions& options, Device& lane, PagePool& pages, SegmentStore& store,
          EngineStats& stats, std::function<void()> wake);
  ~KvTiers();

  // REQUIRES: it was computed by what went through the lane before.
  void encoded(const std::shared_ptr<const Segment>& segment);
  // Looks for what is not in the store, of `n_kept` tokens.
  Fetched fetch(const SegmentInput& input, int32_t n_kept);
  bool is_coming(const SegmentInput& input) const { return coming_.contains(store_.key(input)); }
  // Waits a moment for what is coming.
  void wait();
  void note_encoding(int64_t n_tokens, std::chrono::microseconds time);

  // Takes what has come, and sends what is to go, a Segment at a time.
  void step();
  // True if step() has something to do now.
  bool is_busy() const;
  // Waits for copies that are under way: nobody else does.
  void settle();
  // Evicts all that nobody holds from the pool; what was used last is kept longest.
  void empty_pool();
  // Everything is written, in a few seconds at most; after this nothing is fetched.
  void close();

  // Removes from all tiers what `is_gone` says; also what comes in the next minute, because who
  // asks may not have noticed yet. `is_gone` is called on any thread.
  void forget(const IsGone& is_gone);
  // Empties all tiers; `done` on any thread.
  void clear(std::function<void()> done);
  // Of what is on disk; `done` on any thread.
  void list_origins(std::string prefix, std::function<void(std::vector<std::string>)> done);

 private:
  struct Transfer {
    Event done;
    HostCopyPtr copy;
    bool to_host = false;
    bool was_evicted = false;
  };
  struct Hosted {
    HostCopyPtr copy;
    std::list<Hash128>::iterator place;  // in recency_
  };
  struct Barred {
    IsGone is_gone;
    std::chrono::steady_clock::time_point until;
  };

  bool to_disk(const Segment& segment) const;
  bool is_barred(std::string_view origin) const;
  void lift_bars();
  void evicted(const Segment& segment);
  bool copy_out(const Segment& segment, bool was_evicted);
  bool copy_in(const SegmentInput& input, const HostCopyPtr& copy);
  HostCopyPtr take_copy(SegmentCopy copy);
  void arrived(const Transfer& transfer);
  void land_transfers();
  void land_disk();
  void land_read(const DiskTier::Done& done);
  void write_one();
  void host(const HostCopyPtr& copy);
  void unhost(Hash128 key);
  bool evict_hosted();
  void count();

  const TierOptions options_;
  Device& lane_;
  PagePool& pages_;
  SegmentStore& store_;
  EngineStats& stats_;
  const bool has_host_;  // a tier, not only room for what is on its way

  HostPages memory_;  // goes after all copies
  std::unordered_map<Hash128, Hosted, Hash128Hasher> hosted_;
  std::list<Hash128> recency_;  // of hosted_, least recently used first
  int64_t n_hosted_pages_ = 0;
  std::deque<Transfer> transfers_;  // in the order of the lane
  std::deque<std::weak_ptr<const Segment>> to_write_;
  std::unordered_set<Hash128, Hash128Hasher> writing_;
  std::unordered_map<Hash128, SegmentInput, Hash128Hasher> coming_;
  std::vector<Barred> barred_;
  bool can_write_ = false;  // there is more, and was room
  TierRates rates_;
  std::unique_ptr<DiskTier> disk_;  // null: there is none
};

}  // namespace rondo::engine
