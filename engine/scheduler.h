// Which generation works next: somebody who waits before background work, and never two on the same
// cursor at once. Among equals it is who has had least of the engine: a keystroke is over soon, and
// is not held up by requests that have long worked and have long to go. These have a turn now and
// then whatever comes. Those that decode do so together, on a GPU beside the chunk of another,
// which is background work's where nobody waits for a chunk.
//
// Thread: the engine thread. Owns the generations.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/generation.h"

namespace rondo::engine {

class Scheduler {
 public:
  // For a pool of `n_pages`: what runs at once never needs more.
  explicit Scheduler(int32_t n_pages) : n_pages_(n_pages) {}

  void add(std::unique_ptr<Generation> generation) { waiting_.push_back(std::move(generation)); }
  bool idle() const { return waiting_.empty() && running_.empty(); }
  int64_t n_queued() const { return static_cast<int64_t>(waiting_.size()); }

  // Answers cancelled requests that have not begun; returns how many.
  int64_t drop_cancelled();
  // One that runs and was cancelled; null when there is none.
  Generation* cancelled();
  // The generation whose turn it is, where chunks and steps of decoding take turns.
  // REQUIRES: !idle().
  Generation& next();
  // The generation whose chunk is next, where steps of decoding run beside it; null when there is
  // none.
  Generation* next_chunk();
  // Of those whose step is next; none where nobody decodes, or background work alone while somebody
  // waits.
  std::optional<Priority> decoding() const;
  // All that decode with `priority`, up to `n_most`; that was their turn.
  std::vector<Generation*> decoding(Priority priority, int32_t n_most);
  int64_t n_decoding(Priority priority) const;
  // Removes one that has been answered.
  void remove(const Generation& generation);
  // Answers everything that is left with `status`; returns how many.
  int64_t fail_all(const Status& status);

 private:
  using Running = std::deque<std::unique_ptr<Generation>>;

  template <typename May>
  Generation* take_turn(May may);
  bool admit(Priority priority);
  bool fits(const Generation& generation) const;
  bool cursor_busy(const Generation& generation) const;

  const int32_t n_pages_;
  std::deque<std::unique_ptr<Generation>> waiting_;  // first come, first served within a priority
  Running running_;                                  // the front one had its last turn before all
  int64_t n_turns_ = 0;
};

}  // namespace rondo::engine
