// Is what is shown unasked right, and is nothing shown where nothing belongs? Holes (holes.h), and
// quiet places: ends of lines that are complete. Each is asked about as typing asks, and a gate is
// fitted on one half of the cases and judged on the other.
//
// Thread: measure_gate blocks; one at a time. Ownership: borrows the engine and what is measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assist/gate.h"
#include "base/status.h"
#include "bench/corpus.h"
#include "bench/drafts.h"
#include "bench/holes.h"
#include "bench/part.h"
#include "engine/engine.h"

namespace rondo::bench {

struct GateOptions {
  int64_t n_holes = 300;
  int64_t n_quiet = 300;
  uint64_t seed = 1;
  Part part = {};  // of both
  DraftsOptions drafts;
};

struct GateCase {
  std::string place;
  bool is_quiet = false;  // nothing should be shown
  bool has_text = false;  // post-processing left something
  bool match = false;     // the true rest of the line
  assist::Confidence confidence;
};

// At most `n` ends of complete lines, as many in every group that the corpus has: the next line is
// indented no deeper, brackets match, and the line does not end in what asks for more. Holes of no
// bytes, in the order of the corpus.
std::vector<Hole> quiet_places(const Corpus& corpus, int64_t n, uint64_t seed);

// Without an engine it judges what the log has of its last run. Errors: NotFound when the corpus
// gives no case; those of Drafts.
Result<std::vector<GateCase>> measure_gate(engine::Engine* engine, const Corpus& corpus,
                                           const GateOptions& options);

// What is looked at to decide.
struct GateFeature {
  std::string name;
  float assist::Confidence::*value;
};
const std::vector<GateFeature>& gate_features();

// What some cases come to at a threshold.
struct GateRow {
  std::string feature;
  double threshold = 0;
  int64_t n_holes = 0;
  int64_t n_shown = 0;  // of the holes
  int64_t n_match = 0;  // of those
  int64_t n_quiet = 0;
  int64_t n_quiet_shown = 0;  // of the quiet places
};

GateRow gate_row(const std::vector<GateCase>& cases, const GateFeature& feature, double threshold);

// The threshold that shows most while, of the holes shown, at least `gain` times as many match as
// without a gate; the strictest when none does.
double fit_threshold(const std::vector<GateCase>& cases, const GateFeature& feature, double gain);

// Every second case, beginning with the first or the second: one half to fit, one to judge.
std::vector<GateCase> half_of(const std::vector<GateCase>& cases, int64_t first);

}  // namespace rondo::bench
