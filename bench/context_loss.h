// Is context really used? The left-to-right loss on excerpts of real files, each with the Segments
// that the product chooses and without, paired. The loss shows what exact match of single lines
// cannot: whether composed Segments are wired right.
//
// Every 100th excerpt is a witness: it is scored a second time after all others, in another order
// and with its Segments given in another order, and must come out bit-equal; and its tokens and
// scores stay in the log, so that scripts/oracle/composed.py can compute the same layout in one
// pass.
//
// Thread: the functions block; one at a time. Ownership: borrows engine and corpus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/corpus.h"
#include "bench/part.h"
#include "engine/engine.h"

namespace rondo::bench {

struct ContextLossOptions {
  int64_t n_examples = 2000;
  uint64_t seed = 1;
  int32_t active_tokens = 384;    // of an excerpt, at most
  int32_t context_tokens = 2000;  // of its Segments, at most
  Part part;                      // of the examples
  std::string log;                // a file of results (result_log.h); a rerun goes on there
};

// The loss on one excerpt, in nats a token.
struct ExampleLoss {
  Group group = Group::kPython;
  double without = 0;
  double with = 0;       // Segments
  double released = 0;   // the same, released
  double prefix = 0;     // the same Blocks as files before the excerpt
  int32_t n_tokens = 0;  // that are counted: those of the text, not of the path before it
  int32_t n_segment_tokens = 0;
};

struct ContextLoss {
  std::vector<ExampleLoss> examples;
  int64_t n_witnesses = 0;
  int64_t n_bit_equal = 0;  // of them, when scored again
};

// Examples for which the workspace has no context are left out.
// REQUIRES: engine.config().fim with a file_sep token and engine.config().segment.
// Errors: NotFound when the corpus gives no example; those of ResultLog and of the engine.
Result<ContextLoss> measure_context_loss(engine::Engine& engine, const Corpus& corpus,
                                         const ContextLossOptions& options);

}  // namespace rondo::bench
