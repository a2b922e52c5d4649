#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/context_loss_table.h"
#include "bench/quality_table.h"

namespace rondo::bench {
namespace {

using engine::FimOrder;
using testing::HasSubstr;
using testing::Not;

HoleResult hole(bool segments, HoleKind kind, Group group, Answer plain, Answer healed) {
  return {.segments = segments, .kind = kind, .group = group, .plain = plain, .healed = healed};
}

// Four holes: one rest and one line of Python, one rest of Go, with and without Segments; the Go
// one inside a word.
std::vector<HoleResult> some_results() {
  const Answer hit = {true, -1.0, 4}, miss = {false, -6.0, 4};
  std::vector<HoleResult> results = {
      hole(false, HoleKind::kRest, Group::kPython, hit, hit),
      hole(true, HoleKind::kRest, Group::kPython, hit, hit),
      hole(false, HoleKind::kLine, Group::kPython, miss, miss),
      hole(true, HoleKind::kLine, Group::kPython, {false, -2.0, 4}, miss),
      hole(false, HoleKind::kRest, Group::kGo, miss, {true, -2.0, 2}),
      hole(true, HoleKind::kRest, Group::kGo, {false, -5.0, 4}, hit),
  };
  results[4].inside_word = results[5].inside_word = true;
  results[1].n_segment_tokens = 100;
  results[5].n_segment_tokens = 300;
  results[3].n_segment_tokens = 500;
  return results;
}

TEST(QualityTable, HasARowForEveryMode) {
  const std::string table = quality_table(some_results(), FimOrder::kSuffixFirst);
  // Rest: 1 of 2, 7 nats over 8 tokens; line: 0 of 1, 6 over 4.
  EXPECT_THAT(table, HasSubstr("| suffix-first, no context | 50.0 (9.5 to 90.5) | -0.875 | "
                               "0.0 (0.0 to 79.3) | -1.500 |"));
  // With healing: 2 of 2, 3 nats over 6 tokens.
  EXPECT_THAT(table, HasSubstr("| suffix-first, no context, healing | 100.0 (34.2 to 100.0) | "
                               "-0.500 |"));
  EXPECT_THAT(table, HasSubstr("| prefix-first, Segments | - | - | - | - |"));
}

TEST(QualityTable, HasARowForEveryLanguage) {
  const std::string table = quality_table(some_results(), FimOrder::kSuffixFirst);
  EXPECT_THAT(table, HasSubstr("| Go, Segments | 100.0 (20.7 to 100.0) | -0.250 | - | - |"));
}

TEST(QualityTable, SaysWhatHealingDoesInsideWords) {
  const std::string table = quality_table(some_results(), FimOrder::kSuffixFirst);
  EXPECT_THAT(table, HasSubstr("| inside a word | 1 | 0.0 | 100.0 |"));
  EXPECT_THAT(table, HasSubstr("| elsewhere | 1 | 100.0 | 100.0 |"));
}

TEST(QualityTable, PairsHolesWithAndWithoutContext) {
  const std::string table = quality_table(some_results(), FimOrder::kSuffixFirst);
  // 0 and 0.25 nats a token more for the two rests, 1 for the line.
  EXPECT_THAT(table, HasSubstr("| rest | 2 | +0.125 (-0.120 to +0.370) | 200 |"));
  EXPECT_THAT(table, HasSubstr("| line | 1 | +1.000 (+1.000 to +1.000) | 500 |"));
}

TEST(QualityJson, HasARowForEveryModeAndLanguage) {
  const Json rows = quality_json(some_results());
  EXPECT_EQ(rows.size(), 2u * 2 * 2 * 6);
  const Json& all = rows[0];
  EXPECT_EQ(json_get<std::string>(all, "language"), "all");
  EXPECT_EQ(json_get<double>(all["plain"], "match"), 0.5);
  EXPECT_EQ(json_get<double>(all["plain"], "log_probability"), -0.875);
  EXPECT_EQ(json_get<int64_t>(all["healed"], "n"), 2);
}

TEST(ContextLossTable, HasARowForEveryLanguageAndAll) {
  const ContextLoss loss = {.examples = {{Group::kPython, 1.5, 1.25, 1.5, 1.0, 300, 100},
                                         {Group::kPython, 1.5, 1.5, 1.5, 1.0, 300, 200},
                                         {Group::kRust, 2.0, 1.0, 2.0, 1.0, 300, 600}},
                            .n_witnesses = 2,
                            .n_bit_equal = 1};
  const std::string table = context_loss_table(loss);
  EXPECT_THAT(table, HasSubstr("| Python | 2 | 1.500 | 1.375 | -0.125 (-0.370 to +0.120) | 1.500 | "
                               "+0.000 (+0.000 to +0.000) | 1.000 | -0.500 (-0.500 to -0.500) | "
                               "150 |"));
  EXPECT_THAT(table, HasSubstr("| all | 3 | 1.667 | 1.250 | -0.417 ("));
  EXPECT_THAT(table, HasSubstr("1 of 2 bit-equal"));
  EXPECT_THAT(table, Not(HasSubstr("Go")));
  EXPECT_EQ(context_loss_json(loss)["rows"].size(), 3u);
}

}  // namespace
}  // namespace rondo::bench
