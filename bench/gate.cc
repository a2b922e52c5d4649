#include "bench/gate.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "assist/postprocess.h"
#include "base/characters.h"
#include "bench/pools.h"
#include "bench/progress.h"
#include "bench/random.h"

namespace rondo::bench {
namespace {

constexpr int64_t kMaxTries = 200;
constexpr int64_t kMinPrefixBytes = 100;
constexpr size_t kMinLineBytes = 8;

std::string_view without_end_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

std::string_view line_behind(std::string_view text, size_t end) {
  if (end >= text.size()) return {};
  const std::string_view rest = text.substr(end + 1);
  return rest.substr(0, rest.find('\n'));
}

size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

bool brackets_match(std::string_view line) {
  int64_t depth = 0;
  for (const char c : line) {
    depth += c == '(' || c == '[' || c == '{';
    depth -= c == ')' || c == ']' || c == '}';
    if (depth < 0) return false;
  }
  return depth == 0;
}

// Whether a line says all that it has to.
bool is_complete(std::string_view line, std::string_view next) {
  const std::string_view code = trimmed(line, " \t");
  if (code.size() < kMinLineBytes || without_end_blanks(line) != line) return false;
  const std::string_view ends = ";)]\"'";
  const bool ended = ends.find(code.back()) != ends.npos || is_word_byte(code.back());
  const bool is_comment = code.starts_with('#') || code.starts_with("//") ||
                          code.starts_with('*') || code.starts_with("/*");
  return ended && !is_comment && brackets_match(code) && indentation(next) <= indentation(line) &&
         !trimmed(next, " \t").starts_with('.');
}

std::optional<Hole> draw_quiet(const Corpus& corpus, const Pool& pool, Random& random) {
  const int64_t file = pool.files[random.below(static_cast<int64_t>(pool.files.size()))];
  const std::string_view text = corpus.repositories[pool.repository].files[file].text;
  const size_t from = static_cast<size_t>(random.below(static_cast<int64_t>(text.size())));
  const size_t end = text.find('\n', from);
  if (end == text.npos || end < kMinPrefixBytes) return std::nullopt;
  const size_t begin = text.rfind('\n', end - 1) + 1;
  if (!is_complete(text.substr(begin, end - begin), line_behind(text, end))) return std::nullopt;
  const auto at = static_cast<int64_t>(end);
  return Hole{HoleKind::kRest, pool.repository, file, at, at};
}

GateCase case_of(const Corpus& corpus, const Hole& hole, const HoleDraft& draft) {
  const std::string& whole = corpus.repositories[hole.repository].files[hole.file].text;
  const workspace::Text text(cut_text(whole, hole));
  const assist::FittedText fitted =
      assist::fit_text(draft.text, assist::surroundings_of(text, hole.begin));
  const std::string_view truth =
      without_end_blanks(std::string_view(whole).substr(hole.begin, hole.end - hole.begin));
  return {.place = place_of(corpus, hole),
          .is_quiet = hole.begin == hole.end,
          .has_text = !fitted.text.empty(),
          .match = without_end_blanks(fitted.text) == truth,
          .confidence = assist::confidence_of(draft.logprobs)};
}

// Both kinds, in the order of the corpus.
std::vector<Hole> cases_of(const Corpus& corpus, const GateOptions& options) {
  std::vector<Hole> cases = cut_holes(corpus, options.n_holes, options.seed);
  for (const Hole& quiet : quiet_places(corpus, options.n_quiet, options.seed))
    cases.push_back(quiet);
  std::stable_sort(cases.begin(), cases.end(), [](const Hole& a, const Hole& b) {
    return std::tie(a.repository, a.file) < std::tie(b.repository, b.file);
  });
  const auto n = static_cast<int64_t>(cases.size());
  return {cases.begin() + options.part.begin(n), cases.begin() + options.part.end(n)};
}

}  // namespace

std::vector<Hole> quiet_places(const Corpus& corpus, int64_t n, uint64_t seed) {
  const std::vector<std::vector<Pool>> groups = pools_by_group(corpus);
  Random random(seed);
  std::set<std::tuple<int64_t, int64_t, int64_t>> taken;
  std::vector<Hole> places;
  const auto n_groups = static_cast<int64_t>(groups.size());
  for (int64_t i = 0; n_groups > 0 && i < n; ++i) {
    const std::vector<Pool>& pools = groups[i % n_groups];
    const Pool& pool = pools[i / n_groups % static_cast<int64_t>(pools.size())];
    for (int64_t tries = 0; tries < kMaxTries; ++tries) {
      const std::optional<Hole> place = draw_quiet(corpus, pool, random);
      if (!place || !taken.insert({place->repository, place->file, place->end}).second) continue;
      places.push_back(*place);
      break;
    }
  }
  std::sort(places.begin(), places.end(), [](const Hole& a, const Hole& b) {
    return std::tie(a.repository, a.file, a.begin) < std::tie(b.repository, b.file, b.begin);
  });
  return places;
}

Result<std::vector<GateCase>> measure_gate(engine::Engine* engine, const Corpus& corpus,
                                           const GateOptions& options) {
  const std::vector<Hole> places = cases_of(corpus, options);
  if (places.empty()) return not_found_error("no line is long enough for a hole");
  ASSIGN_OR_RETURN(const std::unique_ptr<Drafts> drafts,
                   Drafts::open(engine, corpus, options.drafts));
  Progress progress("places", static_cast<int64_t>(places.size()));
  std::vector<GateCase> cases;
  for (const Hole& hole : places) {
    ASSIGN_OR_RETURN(const HoleDraft draft, drafts->at(hole, DraftLength::kLine));
    cases.push_back(case_of(corpus, hole, draft));
    progress.done(draft.known);
  }
  return cases;
}

const std::vector<GateFeature>& gate_features() {
  using assist::Confidence;
  static const std::vector<GateFeature> features = {{"mean", &Confidence::mean},
                                                    {"least", &Confidence::least},
                                                    {"first", &Confidence::first},
                                                    {"sum", &Confidence::sum}};
  return features;
}

GateRow gate_row(const std::vector<GateCase>& cases, const GateFeature& feature, double threshold) {
  GateRow row = {.feature = feature.name, .threshold = threshold};
  for (const GateCase& one : cases) {
    const bool shown = one.has_text && one.confidence.*feature.value >= threshold;
    ++(one.is_quiet ? row.n_quiet : row.n_holes);
    if (!shown) continue;
    ++(one.is_quiet ? row.n_quiet_shown : row.n_shown);
    row.n_match += !one.is_quiet && one.match;
  }
  return row;
}

double fit_threshold(const std::vector<GateCase>& cases, const GateFeature& feature, double gain) {
  const auto exact = [](const GateRow& row) {
    return row.n_shown == 0 ? 0.0 : static_cast<double>(row.n_match) / row.n_shown;
  };
  const double wanted =
      gain * exact(gate_row(cases, feature, -std::numeric_limits<double>::infinity()));
  std::set<double> thresholds;
  for (const GateCase& one : cases) {
    if (one.has_text && !one.is_quiet) thresholds.insert(one.confidence.*feature.value);
  }
  for (const double threshold : thresholds) {
    if (exact(gate_row(cases, feature, threshold)) >= wanted) return threshold;
  }
  return thresholds.empty() ? 0 : *thresholds.rbegin();
}

std::vector<GateCase> half_of(const std::vector<GateCase>& cases, int64_t first) {
  std::vector<GateCase> half;
  for (auto i = static_cast<size_t>(first); i < cases.size(); i += 2) half.push_back(cases[i]);
  return half;
}

}  // namespace rondo::bench
