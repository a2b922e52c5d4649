#include "bench/gate.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "bench/gate_table.h"

namespace rondo::bench {
namespace {

GateCase hole(float mean, bool match, bool has_text = true) {
  return {.has_text = has_text, .match = match, .confidence = {.mean = mean}};
}

GateCase quiet(float mean) {
  return {.is_quiet = true, .has_text = true, .confidence = {.mean = mean}};
}

const std::vector<GateCase> kCases = {
    hole(-0.1f, true),  hole(-0.2f, true),         hole(-0.5f, false), hole(-1.0f, false),
    hole(-3.0f, false), hole(-0.1f, false, false), quiet(-0.3f),       quiet(-2.0f)};

TEST(Gate, ShowsWhatItIsSureOf) {
  const GateRow row = gate_row(kCases, gate_features()[0], -0.6);
  EXPECT_EQ(row.n_holes, 6);
  EXPECT_EQ(row.n_shown, 3);
  EXPECT_EQ(row.n_match, 2);
  EXPECT_EQ(row.n_quiet, 2);
  EXPECT_EQ(row.n_quiet_shown, 1);
}

TEST(Gate, IsFittedToShowTheMostThatIsRightOftenEnough) {
  // Without a gate 2 of 5 are right; 1.6 times as many are, down to -0.5.
  EXPECT_FLOAT_EQ(static_cast<float>(fit_threshold(kCases, gate_features()[0], 1.6)), -0.5f);
  EXPECT_FLOAT_EQ(static_cast<float>(fit_threshold(kCases, gate_features()[0], 2.5)), -0.2f);
  EXPECT_FLOAT_EQ(static_cast<float>(fit_threshold(kCases, gate_features()[0], 9)), -0.1f);
}

TEST(Gate, ConfidenceIsThatOfTheTokens) {
  const float logprobs[] = {-1.0f, -0.5f, -3.0f};
  const assist::Confidence confidence = assist::confidence_of(logprobs);
  EXPECT_FLOAT_EQ(confidence.mean, -1.5f);
  EXPECT_FLOAT_EQ(confidence.least, -3.0f);
  EXPECT_FLOAT_EQ(confidence.first, -1.0f);
  EXPECT_FLOAT_EQ(confidence.sum, -4.5f);
  EXPECT_EQ(assist::confidence_of({}).mean, 0);
}

TEST(Gate, IsAskedForInPercent) {
  EXPECT_FLOAT_EQ(assist::gate_of(50).min_mean, -0.6931472f);
  EXPECT_EQ(assist::percent_of(assist::gate_of(37).min_mean), 37);
  EXPECT_TRUE(assist::gate_of(0).shows({.mean = -1000}));
  EXPECT_EQ(assist::gate_of(50).reason({.mean = -1}),
            "the model is only 37% sure of its words, and 50% are asked for (option confidence)");
}

TEST(GateTable, HasARowWithoutAGate) {
  EXPECT_NE(gate_table(kCases).find("| mean | no gate | 83.3 | 40.0 |"), std::string::npos)
      << gate_table(kCases);
  EXPECT_EQ(gate_json(kCases).at("cases").size(), kCases.size());
}

const std::string kHead(120, '#');

TEST(QuietPlaces, AreTheEndsOfCompleteLines) {
  Corpus corpus;
  corpus.repositories.push_back(
      {"r",
       {{"a.py",
         kHead + "\ndef total(items):\n    value = sum(items)\n    call(value,\n         items)\n"
                 "    # a comment that says something\n    return value\n\n",
         Group::kPython}}});
  std::set<std::string> lines;
  const std::string& text = corpus.repositories[0].files[0].text;
  for (const Hole& place : quiet_places(corpus, 40, 1)) {
    EXPECT_EQ(place.begin, place.end);
    lines.insert(std::string(line_of(text, place)));
  }
  EXPECT_EQ(lines, (std::set<std::string>{"    value = sum(items)", "    return value"}));
}

}  // namespace
}  // namespace rondo::bench
