#include "bench/gate_table.h"

#include <cstdio>
#include <limits>

namespace rondo::bench {
namespace {

constexpr double kNoGate = -std::numeric_limits<double>::infinity();
constexpr double kThresholds[] = {kNoGate, -2.5, -1.5, -1.2, -1.0, -0.8,
                                  -0.6,    -0.4, -0.3, -0.2, -0.1};

double percent(int64_t n, int64_t of) {
  return of == 0 ? 0 : 100 * static_cast<double>(n) / static_cast<double>(of);
}

std::string line_of(const GateRow& row) {
  char threshold[32];
  std::snprintf(threshold, sizeof(threshold), "%.3g", row.threshold);
  char line[200];
  std::snprintf(line, sizeof(line), "| %s | %s | %.1f | %.1f | %.1f | %.1f |\n",
                row.feature.c_str(), row.threshold == kNoGate ? "no gate" : threshold,
                percent(row.n_shown, row.n_holes), percent(row.n_match, row.n_shown),
                percent(row.n_match, row.n_holes), percent(row.n_quiet_shown, row.n_quiet));
  return line;
}

Json json_of(const GateRow& row) {
  Json json = {{"feature", row.feature}, {"holes", row.n_holes},
               {"shown", row.n_shown},   {"match", row.n_match},
               {"quiet", row.n_quiet},   {"quiet_shown", row.n_quiet_shown}};
  if (row.threshold != kNoGate) json["threshold"] = row.threshold;
  return json;
}

// No gate, and each feature's, on the half that no threshold has seen.
std::vector<GateRow> judged_rows(const std::vector<GateCase>& cases) {
  const std::vector<GateCase> fitted = half_of(cases, 0);
  const std::vector<GateCase> judged = half_of(cases, 1);
  std::vector<GateRow> rows = {gate_row(judged, gate_features()[0], kNoGate)};
  for (const GateFeature& feature : gate_features())
    rows.push_back(gate_row(judged, feature, fit_threshold(fitted, feature, kWantedGain)));
  return rows;
}

std::vector<GateRow> mean_rows(const std::vector<GateCase>& cases) {
  std::vector<GateRow> rows;
  for (const double threshold : kThresholds)
    rows.push_back(gate_row(cases, gate_features()[0], threshold));
  return rows;
}

}  // namespace

std::string gate_table(const std::vector<GateCase>& cases) {
  const std::string head =
      "| looks at | from | holes shown % | exact of those % | exact of all holes % | quiet places "
      "shown % |\n|---|---|---|---|---|---|\n";
  std::string text = "Fitted on one half, judged on the other:\n\n" + head;
  for (const GateRow& row : judged_rows(cases)) text += line_of(row);
  text += "\nAll cases:\n\n" + head;
  for (const GateRow& row : mean_rows(cases)) text += line_of(row);
  return text;
}

Json gate_json(const std::vector<GateCase>& cases) {
  Json judged = Json::array(), means = Json::array(), all = Json::array();
  for (const GateRow& row : judged_rows(cases)) judged.push_back(json_of(row));
  for (const GateRow& row : mean_rows(cases)) means.push_back(json_of(row));
  for (const GateCase& one : cases) {
    all.push_back({{"place", one.place},
                   {"quiet", one.is_quiet},
                   {"text", one.has_text},
                   {"match", one.match},
                   {"mean", one.confidence.mean},
                   {"least", one.confidence.least},
                   {"first", one.confidence.first},
                   {"sum", one.confidence.sum}});
  }
  return {{"judged", std::move(judged)}, {"means", std::move(means)}, {"cases", std::move(all)}};
}

}  // namespace rondo::bench
