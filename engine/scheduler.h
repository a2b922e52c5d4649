// Which generation works next: somebody who waits before background work, turn by turn among
// equals, and never two on the same cursor at once. Those that decode do so together.
//
// Thread: the engine thread. Owns the generations.
#pragma once

#include <deque>
#include <memory>
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
  // The generation whose turn it is. REQUIRES: !idle().
  Generation& next();
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
