// What each rule of post-processing (assist/postprocess.h) is worth: drafts at holes, made to fit
// with all rules, and with all but one.
//
//   rest, line   single lines, as typing asks (holes.h)
//   inside       from such a place to the bracket that closes behind it: text stands behind the
//   cursor body         of a function
//
// The last two go on over several lines.
//
// Thread: measure_rules blocks; one at a time. Ownership: borrows the engine and the corpus.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assist/postprocess.h"
#include "base/json.h"
#include "base/status.h"
#include "bench/corpus.h"
#include "bench/drafts.h"
#include "bench/part.h"
#include "engine/engine.h"

namespace rondo::bench {

struct RulesOptions {
  int64_t n_cases = 600;  // a third each
  uint64_t seed = 1;
  Part part = {};
  DraftsOptions drafts;
};

// What becomes of the answers when a rule is left out.
struct RuleRow {
  std::string rule;
  int64_t n_changed = 0;       // answers that are another text without it
  int64_t n_only_with = 0;     // exact only with the rule
  int64_t n_only_without = 0;  // exact only without it
};

struct RulesTable {
  int64_t n = 0;
  int64_t n_exact = 0;      // with all rules
  int64_t n_exact_raw = 0;  // with none
  std::vector<RuleRow> rows;
};

// A draft, where it goes, and what stood there.
struct RuleCase {
  std::string text;  // LF, the hole cut out
  int64_t offset = 0;
  std::string truth;
  std::string draft;
};

// Holes that end before the closing bracket of their line; as many as `holes` give.
std::vector<Hole> holes_inside(const Corpus& corpus, const std::vector<Hole>& holes);

// Blanks at the end of an answer do not count, but where a rule makes others.
RulesTable rules_table(const std::vector<RuleCase>& cases);

// Without an engine it judges what the log has of its last run. Errors: NotFound when the corpus
// gives no case; those of Drafts.
Result<RulesTable> measure_rules(engine::Engine* engine, const Corpus& corpus,
                                 const RulesOptions& options);

std::string to_markdown(const RulesTable& table);
Json to_json(const RulesTable& table);

}  // namespace rondo::bench
