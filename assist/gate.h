// The gate: whether the model was sure enough of a suggestion that nobody asked for.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace rondo::assist {

// How sure the model was of its tokens, as natural logarithms.
struct Confidence {
  float mean = 0;   // a token
  float least = 0;  // of the token that it was least sure of
  float first = 0;  // of the first
  float sum = 0;    // of all: of the whole text
};

// Of the tokens that were chosen freely. Without any it is sure.
Confidence confidence_of(std::span<const float> logprobs);

// What is not shown unasked: texts whose confidence lies below one of these. docs/quality.md has
// what each threshold shows and how often that is right.
struct Gate {
  float min_mean = -std::numeric_limits<float>::infinity();  // the default shows everything

  bool shows(const Confidence& confidence) const { return confidence.mean >= min_mean; }
  // Why it does not, as a sentence without its end.
  std::string reason(const Confidence& confidence) const;
};

// The gate that asks for this confidence in percent, the probability of a token: the geometric mean
// of all. 0: everything is shown.
Gate gate_of(int64_t percent);
// What `mean_logprob` is in percent.
int percent_of(float mean_logprob);

}  // namespace rondo::assist
