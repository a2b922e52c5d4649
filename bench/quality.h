// Does the model put real code back? Holes (holes.h) of real repositories, each asked about in
// every mode: the generated line against the true one, and the log-probability of the truth.
//
// Evaluation never leaks: the file is first replaced by its cut version, then indexed; Blocks that
// overlap the active window and Blocks with a copy of the hole's line are not context.
//
// Thread: the functions block; one at a time. Ownership: borrows engine and corpus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/corpus.h"
#include "bench/holes.h"
#include "bench/part.h"
#include "engine/engine.h"

namespace rondo::bench {

struct QualityOptions {
  int64_t n_holes = 300;
  uint64_t seed = 1;
  int32_t context_tokens = 2000;  // at most, as for the tables of the model card
  Part part;                      // of the holes
  std::string log;                // a file of results (result_log.h); a rerun goes on there
};

struct Answer {
  bool match = false;          // the generated line is the true one, blanks at its end aside
  double log_probability = 0;  // of the truth, all its tokens
  int32_t n_tokens = 0;        // of the truth
};

// A hole asked about in one mode.
struct HoleResult {
  engine::FimOrder order = engine::FimOrder::kSuffixFirst;
  bool segments = false;  // context, or none
  HoleKind kind = HoleKind::kRest;
  Group group = Group::kPython;
  bool inside_word = false;  // letters before and behind the cursor
  int32_t n_segment_tokens = 0;
  Answer plain;
  // With token healing: the word before the cursor is taken back and spelt again. Its tokens are
  // the truth's then.
  Answer healed;
};

// Every hole in the model's own order, with and without context, every third in the other order
// too; the modes of a hole one after the other, the holes in the order of the corpus.
// REQUIRES: engine.config().fim and engine.config().segment.
// Errors: NotFound when the corpus gives no hole; those of ResultLog and of the engine.
Result<std::vector<HoleResult>> measure_quality(engine::Engine& engine, const Corpus& corpus,
                                                const QualityOptions& options);

}  // namespace rondo::bench
