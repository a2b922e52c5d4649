// Brings a Sequence from what it holds to a prompt, one chunk a step, so that a cancel or a
// keystroke never waits long.
//
// Chunks end at multiples of the chunk size. A Loop model runs loop 0 over all of the rest first
// and keeps the exit hidden states of the rows that loop 1 needs (prefill_plan.h), then loop 1 over
// those. Where all rows of loop 1 are asked for, both loops run over a chunk before the next. The
// few tokens that a keystroke adds are one step.
//
// Thread: the engine thread. Borrows everything it is given.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model.h"
#include "engine/prefill_plan.h"
#include "engine/sequence.h"

namespace rondo::engine {

// How many changed tokens at its end a prompt may have without recomputing loop 1 behind them.
inline constexpr int32_t kTruncationMargin = 32;
// Loop 1 keys kept behind a sequence's end, beside its window: a generation may be thrown away.
inline constexpr int32_t kWindowKeptBehind = 128;

class Prefill {
 public:
  // The final hidden states of slots [first_output, prompt.size()) are wanted.
  // REQUIRES: 0 <= first_output < prompt.size(); sequence has pages for the prompt (reserve) after
  // begin_sequence.
  Prefill(Model& model, PagePool& pages, Sequence& sequence, std::span<const int32_t> prompt,
          int32_t first_output, int32_t chunk_tokens, Loop1Rows loop1_rows = Loop1Rows::kNeeded);

  // False when the pool has no pages for `n_tokens` tokens; call once before step.
  bool reserve(int32_t n_tokens);
  // Works on one chunk; true when all is done.
  bool step();
  // Leaves the sequence in a state that says truly what it holds; for a prefill that ends early.
  void abandon();

  int32_t n_cached() const { return plan_.n_cached; }
  // Rows that were computed so far, of each loop.
  int64_t n_computed() const { return n_computed_; }
  // f32 [prompt.size() - first_output, C], before the final norm, in the device's memory.
  // REQUIRES: step returned true.
  const float* outputs() const { return outputs_.data(); }

 private:
  bool runs_both_at_once() const;
  int32_t window_start() const;
  bool is_few_rows() const;
  void step_few_rows();
  void step_both();
  void step_loop0();
  void step_loop1();
  void append(const Step& step);
  Step rows(int32_t from, int32_t to) const;
  int32_t chunk_end(int32_t from) const;
  void keep(int32_t from, int32_t to, const float* x, int32_t first_kept, DeviceFloats& kept) const;

  Model& model_;
  PagePool& pages_;
  Sequence& sequence_;
  const TokenIds prompt_;
  const int32_t first_output_;
  const int32_t chunk_tokens_;
  const Loop1Rows loop1_rows_;
  PrefillPlan plan_;
  int32_t next0_ = 0;  // first slot that loop 0 has not done
  int32_t next1_ = 0;  // and loop 1
  int64_t n_computed_ = 0;
  DeviceFloats exits_;  // f32 [., C] loop 0's exit hidden states of slots [next1_ at the start, n)
  DeviceFloats outputs_;  // f32 [., C]
};

}  // namespace rondo::engine
