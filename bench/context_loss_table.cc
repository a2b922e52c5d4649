#include "bench/context_loss_table.h"

#include <cstdio>
#include <optional>
#include <vector>

#include "bench/statistics.h"

namespace rondo::bench {
namespace {

struct Row {
  std::string language;
  Estimate without;
  Estimate with;
  Estimate difference;  // with - without, example by example
  double segment_tokens = 0;
};

// The row of one language, or of all; nothing when no example is of it.
std::optional<Row> row_of(const ContextLoss& loss, std::optional<Group> group) {
  std::vector<double> without, with, differences, segment_tokens;
  for (const ExampleLoss& example : loss.examples) {
    if (group && example.group != *group) continue;
    without.push_back(example.without);
    with.push_back(example.with);
    differences.push_back(example.with - example.without);
    segment_tokens.push_back(example.n_segment_tokens);
  }
  if (without.empty()) return std::nullopt;
  return Row{group ? std::string(group_name(*group)) : "all", mean_of(without), mean_of(with),
             mean_of(differences), mean_of(segment_tokens).value};
}

std::vector<Row> rows_of(const ContextLoss& loss) {
  std::vector<Row> rows;
  for (const Group group : kGroups) {
    if (const auto row = row_of(loss, group)) rows.push_back(*row);
  }
  if (const auto row = row_of(loss, std::nullopt)) rows.push_back(*row);
  return rows;
}

}  // namespace

std::string context_loss_table(const ContextLoss& loss) {
  std::string table =
      "| language | examples | no context | Segments | difference (95%) | tokens of Segments |\n"
      "|---|---|---|---|---|---|\n";
  for (const Row& row : rows_of(loss)) {
    char line[200];
    std::snprintf(line, sizeof line,
                  "| %s | %lld | %.3f | %.3f | %+.3f (%+.3f to %+.3f) | %.0f |\n",
                  row.language.c_str(), static_cast<long long>(row.difference.n), row.without.value,
                  row.with.value, row.difference.value, row.difference.low, row.difference.high,
                  row.segment_tokens);
    table += line;
  }
  return table + "\nScored again in another order: " + std::to_string(loss.n_bit_equal) + " of " +
         std::to_string(loss.n_witnesses) + " bit-equal.\n";
}

Json context_loss_json(const ContextLoss& loss) {
  Json rows = Json::array();
  for (const Row& row : rows_of(loss)) {
    rows.push_back({{"language", row.language},
                    {"n", row.difference.n},
                    {"without", row.without.value},
                    {"with", row.with.value},
                    {"difference", row.difference.value},
                    {"difference_low", row.difference.low},
                    {"difference_high", row.difference.high},
                    {"n_segment_tokens", row.segment_tokens}});
  }
  return {{"rows", std::move(rows)},
          {"n_witnesses", loss.n_witnesses},
          {"n_bit_equal", loss.n_bit_equal}};
}

}  // namespace rondo::bench
