// Which generation works next: somebody who waits before background work, turn by turn among
// equals, and never two on the same cursor at once. Those that decode do so together, on a GPU
// beside the chunk of another, which is background work's where nobody waits for a chunk.
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
  bool admit(Priority priority);
  bool fits(const Generation& generation) const;
  bool cursor_busy(const Generation& generation) const;

  const int32_t n_pages_;
  std::deque<std::unique_ptr<Generation>> waiting_;  // first come, first served within a priority
  std::deque<std::unique_ptr<Generation>> running_;  // the front one's turn is next
};

}  // namespace rondo::engine
