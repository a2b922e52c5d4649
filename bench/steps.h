// What the steps of the loop (assist/step_loop.h) bring: holes of real code, each filled at several
// depths, so that depths compare case by case.
//
// Names are judged by other tools than our own check (name_judge.h), where the answer parses. That
// something parses is judged by the grammar, against the original file. Answers are kept without
// verdicts, so that one machine can ask and another judge.
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
  std::string text;            // empty: nothing was shown
  Json steps = Json::array();  // as loop_steps_json
  bool parses = false;
  bool match = false;           // the text is the true one, blanks at its end aside
  int32_t n_unknown_names = 0;  // as our check says
  // As the judge says, those of the true file aside; nothing: not judged.
  std::optional<std::vector<std::string>> undefined_names;
  int64_t n_tokens = 0;  // generated, in all steps
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
  std::string judges;  // of names (name_judges()); empty: none is there
  std::vector<StepsResult> results;
};

// Without an engine it judges what the log has of its last run, whichever machine asked.
// REQUIRES: engine->config().fim and ->segment. Errors: NotFound when the corpus gives no case, or
// the log lacks an answer that nobody can be asked for; those of ResultLog, of the engine and of
// the sandbox in which names are judged.
Result<StepsTable> measure_steps(engine::Engine* engine, const Corpus& corpus,
                                 const StepsOptions& options);

Json to_json(const StepsAnswer& answer);

}  // namespace rondo::bench
