#include "bench/context_loss_table.h"

#include <cmath>
#include <cstdio>
#include <iterator>
#include <optional>
#include <vector>

#include "bench/statistics.h"

namespace rondo::bench {
namespace {

struct Mode {
  const char* name;
  double ExampleLoss::*loss;
};
constexpr Mode kModes[] = {{"without", &ExampleLoss::without},
                           {"with", &ExampleLoss::with},
                           {"released", &ExampleLoss::released},
                           {"prefix", &ExampleLoss::prefix}};
constexpr size_t kNumModes = std::size(kModes);

struct Row {
  std::string language;
  Estimate losses[kNumModes];       // [i]: in kModes[i]
  Estimate differences[kNumModes];  // from the first mode, example by example
  double segment_tokens = 0;
};

// The row of one language, or of all; nothing when no example is of it.
std::optional<Row> row_of(const ContextLoss& loss, std::optional<Group> group) {
  std::vector<const ExampleLoss*> examples;
  for (const ExampleLoss& example : loss.examples) {
    if (!group || example.group == *group) examples.push_back(&example);
  }
  if (examples.empty()) return std::nullopt;
  const auto mean = [&](const auto& value_of) {
    std::vector<double> values;
    for (const ExampleLoss* example : examples) values.push_back(value_of(*example));
    return mean_of(values);
  };
  Row row = {.language = group ? std::string(group_name(*group)) : "all"};
  for (size_t i = 0; i < kNumModes; ++i) {
    const auto loss = kModes[i].loss;
    row.losses[i] = mean([&](const ExampleLoss& example) { return example.*loss; });
    row.differences[i] =
        mean([&](const ExampleLoss& example) { return example.*loss - example.without; });
  }
  row.segment_tokens =
      mean([](const ExampleLoss& example) { return double(example.n_segment_tokens); }).value;
  return row;
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
      "| language | examples | no context | Segments | difference (95%) | released | difference | "
      "prefix | difference | tokens of Segments |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Row& row : rows_of(loss)) {
    table += "| " + row.language + " | " + std::to_string(row.losses[0].n);
    for (size_t i = 0; i < kNumModes; ++i) {
      const Estimate& difference = row.differences[i];
      char cells[96];
      std::snprintf(cells, sizeof cells, " | %.3f", row.losses[i].value);
      table += cells;
      std::snprintf(cells, sizeof cells, " | %+.3f (%+.3f to %+.3f)", difference.value,
                    difference.low, difference.high);
      if (i > 0) table += cells;
    }
    table += " | " + std::to_string(std::llround(row.segment_tokens)) + " |\n";
  }
  return table + "\nScored again in another order: " + std::to_string(loss.n_bit_equal) + " of " +
         std::to_string(loss.n_witnesses) + " bit-equal.\n";
}

Json context_loss_json(const ContextLoss& loss) {
  Json rows = Json::array();
  for (const Row& row : rows_of(loss)) {
    Json json = {{"language", row.language},
                 {"n", row.losses[0].n},
                 {"n_segment_tokens", row.segment_tokens}};
    for (size_t i = 0; i < kNumModes; ++i) {
      const std::string name = kModes[i].name;
      json[name] = row.losses[i].value;
      if (i == 0) continue;
      json[name + "_difference"] = row.differences[i].value;
      json[name + "_difference_low"] = row.differences[i].low;
      json[name + "_difference_high"] = row.differences[i].high;
    }
    rows.push_back(std::move(json));
  }
  return {{"rows", std::move(rows)},
          {"n_witnesses", loss.n_witnesses},
          {"n_bit_equal", loss.n_bit_equal}};
}

}  // namespace rondo::bench
