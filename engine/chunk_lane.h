// Which chunks of prefill and of Segment encoding are queued, and whose. On a GPU they have a lane
// of their own: they run beside the steps of decoding, so that nobody's tokens wait for another's
// prompt, each in its part of the multiprocessors while the other has work (Device::share). The CPU
// has one lane, where chunks and steps take turns.
//
//   decoder     step | step | step |  step  | step | step      generations A, B; C from here on
//   chunk lane  C's chunk   | C's last chunk | D's chunk |
//
// Chunks and steps are never one step: a row's bits depend on the number of rows through the kernel
// family (kernels.h). For the same reason a chunk has as many rows whether others decode or not:
// the family of a prompt's last rows depends on where its chunks end.
//
// What each lane may rely on, since only follow() orders them, and what the host has waited for:
//   - A lane's own order. Whatever is written to pages but the keys of a step's tokens goes through
//     the chunk lane, so a chunk finds Segments, chunks and copies that were queued before, and may
//     write to pages that their readers there have given up.
//   - A generation decodes once land() has seen its last chunk done: a step finds all keys of its
//     prompt, and of the Segments that this composes.
//   - A token is taken when its step is done: who continues a sequence finds its tokens' keys.
//   - Every generation has a chunk before its steps, so pages come to a step by way of the chunk
//     lane, even those that no chunk writes to.
//   - Who has been answered or cancelled may have rows in steps that are queued: they write keys to
//     pages that are given up now. Decoder::drop has the chunk lane follow those steps.
//   - Weights are there before either lane begins, and memory goes when both were waited for.
//
// Thread: the engine thread. Borrows the model, and generations until they were dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/event.h"
#include "engine/generation.h"
#include "engine/model.h"

namespace rondo::engine {

class ChunkLane {
 public:
  // `model`: the one that the chunks go through
  explicit ChunkLane(Model& model) : model_(model) {}

  // True if there may be one more: the next is queued while one runs, so that the lane is not idle
  // while the host waits for a step, but not so many that a keystroke waits long.
  bool has_room() const;
  bool idle() const { return queued_.empty(); }
  // `generation` has queued a chunk, and perhaps the choice of its first token behind it.
  void sent(Generation& generation);
  // Gives those whose last chunk is done their first token; returns those that have been answered.
  std::vector<Generation*> land();
  // Waits for the chunk that was queued first.
  void wait();
  // `generation` is about to go.
  void drop(const Generation& generation);
  void drop_all();

 private:
  static constexpr size_t kMostQueued = 2;

  struct Chunk {
    Event done;
    Generation* generation = nullptr;  // null: it has gone
    bool has_choice = false;
    bool has_logits = false;  // which stay the model's until they were read
  };

  void take(Generation* generation, bool wants_logits, std::vector<Generation*>& answered);

  Model& model_;
  std::deque<Chunk> queued_;   // first come, first done
  std::vector<float> logits_;  // f32 [V]
};

}  // namespace rondo::engine
