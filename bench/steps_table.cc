#include "bench/steps_table.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "bench/statistics.h"

namespace rondo::bench {
namespace {

// What came of all cases at one depth.
struct Row {
  int32_t depth = 0;
  int64_t n = 0;
  int64_t n_shown = 0;
  int64_t n_parse = 0;
  int64_t n_match = 0;
  int64_t n_unknown = 0;    // names, by our check
  int64_t n_judged = 0;     // cases that were judged at every depth
  int64_t n_undefined = 0;  // names in them
  double tokens = 0;        // a case, as all below
  double mean_ms = 0;
  double median_ms = 0;
};

// An answer that does not parse is not judged; depths are compared over the same cases.
bool is_judged(const StepsResult& result) {
  return std::all_of(result.answers.begin(), result.answers.end(),
                     [](const StepsAnswer& answer) { return answer.undefined_names.has_value(); });
}

Row row_of(const StepsTable& table, size_t i) {
  Row row = {.depth = table.depths[i], .n = static_cast<int64_t>(table.results.size())};
  std::vector<double> ms;
  for (const StepsResult& result : table.results) {
    const StepsAnswer& answer = result.answers[i];
    row.n_shown += !answer.text.empty();
    row.n_parse += answer.parses;
    row.n_match += answer.match;
    row.n_unknown += answer.n_unknown_names;
    if (is_judged(result)) {
      ++row.n_judged;
      row.n_undefined += static_cast<int64_t>(answer.undefined_names->size());
    }
    row.tokens += static_cast<double>(answer.n_tokens) / static_cast<double>(row.n);
    row.mean_ms += answer.ms / static_cast<double>(row.n);
    ms.push_back(answer.ms);
  }
  std::sort(ms.begin(), ms.end());
  row.median_ms = ms[ms.size() / 2];
  return row;
}

std::string percent(int64_t n_hits, int64_t n) {
  const Estimate share = share_of(n_hits, n);
  char text[64];
  std::snprintf(text, sizeof(text), "%.1f (%.1f to %.1f)", 100 * share.value, 100 * share.low,
                100 * share.high);
  return text;
}

std::string_view kind_of(HoleKind kind) {
  if (kind == HoleKind::kBody) return "body";
  return kind == HoleKind::kRest ? "rest" : "line";
}

}  // namespace

std::string steps_table(const StepsTable& table) {
  std::string text = "| depth | shown % | parses % | unknown names, by " +
                     (table.judges.empty() ? "nobody" : table.judges) +
                     " | by our check | exact % | tokens a case | ms, mean | median |\n"
                     "|---|---|---|---|---|---|---|---|---|\n";
  for (size_t i = 0; i < table.depths.size(); ++i) {
    const Row row = row_of(table, i);
    const std::string judged = table.judges.empty() ? "not judged"
                                                    : std::to_string(row.n_undefined) + " in " +
                                                          std::to_string(row.n_judged) + " cases";
    char line[400];
    std::snprintf(line, sizeof(line), "| %d | %s | %s | %s | %lld | %s | %.1f | %.0f | %.0f |\n",
                  row.depth, percent(row.n_shown, row.n).c_str(),
                  percent(row.n_parse, row.n).c_str(), judged.c_str(),
                  static_cast<long long>(row.n_unknown), percent(row.n_match, row.n).c_str(),
                  row.tokens, row.mean_ms, row.median_ms);
    text += line;
  }
  return text;
}

Json steps_json(const StepsTable& table) {
  Json rows = Json::array();
  for (size_t i = 0; i < table.depths.size(); ++i) {
    const Row row = row_of(table, i);
    rows.push_back({{"depth", row.depth},
                    {"cases", row.n},
                    {"shown", row.n_shown},
                    {"parse", row.n_parse},
                    {"match", row.n_match},
                    {"unknown_names", row.n_unknown},
                    {"judged", row.n_judged},
                    {"undefined_names", row.n_undefined},
                    {"tokens", row.tokens},
                    {"mean_ms", row.mean_ms},
                    {"median_ms", row.median_ms}});
  }
  Json results = Json::array();
  for (const StepsResult& result : table.results) {
    Json answers = Json::array();
    for (const StepsAnswer& answer : result.answers) answers.push_back(to_json(answer));
    results.push_back({{"place", result.place},
                       {"language", result.language},
                       {"kind", kind_of(result.kind)},
                       {"answers", std::move(answers)}});
  }
  return {{"rows", std::move(rows)}, {"results", std::move(results)}};
}

}  // namespace rondo::bench
