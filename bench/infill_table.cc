#include "bench/infill_table.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <set>

#include "bench/statistics.h"

namespace rondo::bench {
namespace {

using Measure = double (*)(const InfillAnswer&);

constexpr const char* kReference = "composed";

double match_percent(const InfillAnswer& answer) { return answer.match ? 100 : 0; }
double similarity_percent(const InfillAnswer& answer) { return 100 * answer.similarity; }
double log_probability(const InfillAnswer& answer) { return answer.log_probability; }
double context_tokens(const InfillAnswer& answer) { return answer.n_context_tokens; }
double passed_percent(const InfillAnswer& answer) {
  return answer.passed.value_or(false) ? 100 : 0;
}

std::string kind_name(HoleKind kind) {
  if (kind == HoleKind::kBody) return "body";
  return kind == HoleKind::kRest ? "rest of line" : "whole line";
}

// Some of the cases, under a name.
struct Slice {
  std::string name;
  std::vector<const InfillResult*> results;
};

std::vector<Slice> slices_of(const InfillTable& table) {
  std::vector<Slice> slices = {{"all", {}}};
  std::set<std::string> languages;
  for (const InfillResult& result : table.results) languages.insert(result.language);
  for (const HoleKind kind : {HoleKind::kRest, HoleKind::kLine, HoleKind::kBody}) {
    slices.push_back({kind_name(kind), {}});
  }
  for (const std::string& language : languages) slices.push_back({language, {}});
  for (Slice& slice : slices) {
    for (const InfillResult& result : table.results) {
      const bool fits = slice.name == "all" || slice.name == kind_name(result.kind) ||
                        slice.name == result.language;
      if (fits) slice.results.push_back(&result);
    }
  }
  std::erase_if(slices, [](const Slice& slice) { return slice.results.empty(); });
  return slices;
}

Estimate estimate(const Slice& slice, size_t mode, Measure measure) {
  std::vector<double> values;
  for (const InfillResult* result : slice.results) values.push_back(measure(result->answers[mode]));
  return bootstrap_mean(values);
}

// How much more `mode` has than `reference`, case by case.
Estimate difference(const Slice& slice, size_t mode, size_t reference, Measure measure) {
  std::vector<double> values;
  for (const InfillResult* result : slice.results) {
    values.push_back(measure(result->answers[mode]) - measure(result->answers[reference]));
  }
  return bootstrap_mean(values);
}

std::string cell(const Estimate& estimate, const char* form) {
  char text[96];
  std::snprintf(text, sizeof text, form, estimate.value, estimate.low, estimate.high);
  return text;
}

std::optional<size_t> reference_of(const InfillTable& table) {
  for (size_t i = 0; i < table.modes.size(); ++i) {
    if (table.modes[i].name == kReference) return i;
  }
  return std::nullopt;
}

bool has_tests(const InfillTable& table) {
  return !table.results.empty() && table.results[0].answers[0].passed.has_value();
}

std::string mode_rows(const InfillTable& table, const Slice& slice) {
  std::string rows;
  for (size_t i = 0; i < table.modes.size(); ++i) {
    rows += "| " + slice.name + ", " + table.modes[i].name + " | " +
            std::to_string(slice.results.size()) + " | " +
            cell(estimate(slice, i, match_percent), "%.1f (%.1f to %.1f)") + " | " +
            cell(estimate(slice, i, similarity_percent), "%.1f (%.1f to %.1f)") + " | " +
            cell(estimate(slice, i, log_probability), "%.3f (%.3f to %.3f)") + " | ";
    if (has_tests(table)) {
      rows += cell(estimate(slice, i, passed_percent), "%.1f (%.1f to %.1f)") + " | ";
    }
    rows += cell(estimate(slice, i, context_tokens), "%.0f") + " |\n";
  }
  return rows;
}

std::string difference_rows(const InfillTable& table, const Slice& slice, size_t reference) {
  std::string rows;
  for (size_t i = 0; i < table.modes.size(); ++i) {
    if (i == reference) continue;
    rows += "| " + slice.name + ", " + table.modes[i].name + " | " +
            std::to_string(slice.results.size()) + " | " +
            cell(difference(slice, i, reference, match_percent), "%+.1f (%+.1f to %+.1f)") + " | " +
            cell(difference(slice, i, reference, similarity_percent), "%+.1f (%+.1f to %+.1f)") +
            " | " +
            cell(difference(slice, i, reference, log_probability), "%+.3f (%+.3f to %+.3f)") +
            " |\n";
  }
  return rows;
}

Json json_of(const Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

}  // namespace

std::string infill_table(const InfillTable& table) {
  const std::vector<Slice> slices = slices_of(table);
  const bool tests = has_tests(table);
  std::string text =
      std::string("| cases, context | n | exact % | edit similarity % | nats/token | ") +
      (tests ? "passed % | " : "") + "tokens of context |\n|---|---|---|---|---|---|" +
      (tests ? "---|\n" : "\n");
  for (const Slice& slice : slices) text += mode_rows(table, slice);
  const std::optional<size_t> reference = reference_of(table);
  if (!reference) return text;
  text +=
      "\n| less composed, case by case | n | exact % | edit similarity % | nats/token |\n"
      "|---|---|---|---|---|\n";
  for (const Slice& slice : slices) text += difference_rows(table, slice, *reference);
  return text;
}

Json infill_json(const InfillTable& table) {
  const std::optional<size_t> reference = reference_of(table);
  Json rows = Json::array();
  for (const Slice& slice : slices_of(table)) {
    for (size_t i = 0; i < table.modes.size(); ++i) {
      Json row = {{"cases", slice.name},
                  {"mode", table.modes[i].name},
                  {"n", slice.results.size()},
                  {"match_percent", json_of(estimate(slice, i, match_percent))},
                  {"similarity_percent", json_of(estimate(slice, i, similarity_percent))},
                  {"log_probability", json_of(estimate(slice, i, log_probability))},
                  {"context_tokens", estimate(slice, i, context_tokens).value}};
      if (has_tests(table)) row["passed_percent"] = json_of(estimate(slice, i, passed_percent));
      if (reference && i != *reference) {
        row["match_difference"] = json_of(difference(slice, i, *reference, match_percent));
        row["log_probability_difference"] =
            json_of(difference(slice, i, *reference, log_probability));
      }
      rows.push_back(std::move(row));
    }
  }
  return {{"rows", std::move(rows)}};
}

}  // namespace rondo::bench
