// The gate: whether the model was sure enough of a suggestion that nobody asked for.
//
// Thread: pure functions.
#pragma once

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
  float min_mean = -2.5f;

  bool shows(const Confidence& confidence) const { return confidence.mean >= min_mean; }
};

}  // namespace rondo::assist
