// Decodes for all generations that are at it, one token each a step. On a GPU the next step is
// queued before the tokens of this one are read, as far as nobody needs the host in between: it
// finds them in the device's memory, and the device never waits for us.
//
//   host      queue 1 | queue 2 | read 1 | queue 3 | read 2 | ...
//   device             1          2                  3        ...
//
// Who turns out to have ended at step n has a row in step n + 1 in vain. It writes to a slot behind
// its sequence's end, which it had been admitted for, and nobody reads what it chooses. Its pages
// may be given to others at once: whoever gets them begins with a chunk, and drop() has the lane of
// chunks follow the steps that are queued (chunk_lane.h). A cancelled generation takes nothing
// more.
//
// Thread: the engine thread. Borrows model, pages and lane, and generations until they were
// dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/generation.h"
#include "engine/model.h"

namespace rondo::engine {

class Decoder {
 public:
  using Batch = std::vector<Generation*>;

  // `chunk_lane`: what chunks go through, perhaps the model's own device
  Decoder(Model& model, PagePool& pages, Device& chunk_lane)
      : model_(model), pages_(pages), chunk_lane_(chunk_lane) {}

  // True if a step of exactly these may come next: nothing is queued, or only theirs.
  bool continues(const Batch& batch) const;
  // One token for each of `batch`; returns those that have been answered. With `may_run_ahead` the
  // next step is queued, if none of them needs the host before it.
  // REQUIRES: all are decoding(); continues(batch); batch is not empty.
  Batch step(const Batch& batch, bool may_run_ahead);
  // The tokens of what is queued, for those who are still there; returns those that have been
  // answered. Afterwards nothing is queued.
  Batch land();
  // `generation` has been answered, its pages have been given up, and it is about to go.
  void drop(const Generation& generation);
  void drop_all() { rows_.assign(rows_.size(), nullptr); }

 private:
  void queue(StepTokens tokens);
  bool runs_ahead() const;
  Batch take();

  Model& model_;
  PagePool& pages_;
  Device& chunk_lane_;
  Batch rows_;                 // of the steps that are queued; null: it has gone
  std::vector<float> logits_;  // f32 [T, V]
};

}  // namespace rondo::engine
