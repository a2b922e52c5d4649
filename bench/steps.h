// What the steps of the loop (assist/step_loop.h) bring: holes of real code, each filled at several
// depths, so that depths compare case by case.
//
// Names are judged by pyflakes3, not by our own check; so only in Python, and only where the answer
// parses. That something parses is judged by the grammar, against the original file.
//
// Thread: the functions block; one at a time. Ownership: borrows the engine and what is measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "bench/corpus.h"
#include "bench/holes.h"
#include "bench/part.h"
#include "engine/engine.h"

namespace rondo::bench {

struct StepsOptions {
  int64_t n_cases = 300;
  uint64_t seed = 1;
  int32_t context_tokens = 2000;  // at most
  std::vector<int32_t> depths = {1, 2, 3};
  int32_t n_candidates = 1;  // drafts of step 1
  Part part = {};            // of the cases
  std::string log;           // a file of results (result_log.h); empty: none is kept
};

struct StepsAnswer {
  std::string text;  // empty: nothing was shown
  bool parses = false;
  bool match = false;                        // the text is the true one, blanks at its end aside
  int32_t n_unknown_names = 0;               // as our check says
  std::optional<int32_t> n_undefined_names;  // as pyflakes3 says; nothing: not judged
  int64_t n_tokens = 0;                      // generated, in all steps
  double ms = 0;
};

struct StepsResult {
  std::string place;
  std::string language;
  HoleKind kind = HoleKind::kRest;
  std::vector<StepsAnswer> answers;  // [i]: at depths[i]
};

struct StepsTable {
  std::vector<int32_t> depths;
  bool names_judged = false;  // pyflakes3 is there
  std::vector<StepsResult> results;
};

// REQUIRES: engine.config().fim and engine.config().segment. Errors: NotFound when the corpus gives
// no case; those of ResultLog, of the engine and of the sandbox in which pyflakes3 runs.
Result<StepsTable> measure_steps(engine::Engine& engine, const Corpus& corpus,
                                 const StepsOptions& options);

Json to_json(const StepsAnswer& answer);

}  // namespace rondo::bench
