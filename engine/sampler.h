// From logits to a token: greedy, or temperature with top-k and top-p, optionally among allowed
// tokens only.
//
// Thread: a Sampler belongs to one generation. Same logits, options and seed give the same tokens.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "engine/request.h"

namespace rondo::engine {

struct Sample {
  int32_t token = 0;
  float logprob = 0;  // of the whole distribution at temperature 1, whatever was allowed
};

// log(softmax(logits)[token])
float log_probability(std::span<const float> logits, int32_t token);

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options) : options_(options), random_(options.seed) {}

  // Among `allowed` when it is not empty, else among all. Equal logits: the lowest id wins.
  Sample sample(std::span<const float> logits, std::span<const int32_t> allowed);

 private:
  struct Candidate {
    int32_t token;
    float logit;
  };
  int32_t draw(std::vector<Candidate> candidates);

  const SamplingOptions options_;
  std::mt19937_64 random_;
};

}  // namespace rondo::engine
