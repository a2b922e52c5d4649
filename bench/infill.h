// Filling holes of any code in several modes: without context, with the product's choice of it as
// Segments, whole or released, or as files before the active one, and with that choice less one
// source of context at a time. Every case is asked in every
// mode, so that modes compare pair by pair.
//
// Evaluation never leaks: the file is cut first, then indexed; Blocks that overlap the window and
// Blocks and edits with a copy of one of the hole's lines are not context (cut_workspace.h).
//
// Thread: the functions block; one at a time. Ownership: borrows the engine and what is measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/corpus.h"
#include "bench/holes.h"
#include "bench/infill_problems.h"
#include "bench/part.h"
#include "bench/worktree.h"
#include "engine/engine.h"
#include "workspace/context.h"

namespace rondo::bench {

// How a case is asked.
struct InfillMode {
  std::string name;       // "composed, no imports"
  bool context = false;   // or none
  bool released = false;  // Segments
  bool prefix = false;    // no Segments, but the same Blocks as files before the active one
  workspace::ContextSources sources;
};

// "no context", "composed", "released" and "prefix"; with `ablate` also composed without each of
// definitions, imports, callers, recent edits and open documents.
std::vector<InfillMode> infill_modes(bool ablate);

struct InfillAnswer {
  bool match = false;            // the text is the true one, blanks at its end aside
  double similarity = 0;         // edit_similarity.h
  double log_probability = 0;    // of the truth, nats a token
  int32_t n_context_tokens = 0;  // of Segments or files
  std::optional<bool> passed;    // its tests, when they were run
};

struct InfillResult {
  std::string language;
  HoleKind kind = HoleKind::kRest;
  std::vector<InfillAnswer> answers;  // [i]: in modes[i]
};

struct InfillTable {
  std::vector<InfillMode> modes;
  std::vector<InfillResult> results;
};

struct InfillOptions {
  int64_t n_cases = 150;  // a third each: rest of a line, whole line, body of a function
  uint64_t seed = 1;
  int32_t context_tokens = 2000;  // at most
  bool ablate = false;
  Part part = {};          // of the cases
  bool run_tests = false;  // problems only: in a sandbox (assist/sandbox.h)
  std::string log;         // a file of results (result_log.h); empty: none is kept
};

// REQUIRES: engine.config().fim and engine.config().segment. Errors: NotFound when the corpus gives
// no case; those of ResultLog and of the engine.
Result<InfillTable> measure_worktree(engine::Engine& engine, const Corpus& corpus,
                                     const WorktreeHistory& history, const InfillOptions& options);

// The first n_cases of the problems, without context: they have none. REQUIRES:
// engine.config().fim. Errors: those of ResultLog, of the engine and of the sandbox.
Result<InfillTable> measure_problems(engine::Engine& engine,
                                     const std::vector<InfillProblem>& problems,
                                     const InfillOptions& options);

}  // namespace rondo::bench
