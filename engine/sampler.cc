#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rondo::engine {
namespace {

// SplitMix64's output function (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
// OOPSLA 2014).
uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

constexpr uint64_t kGamma = 0x9e3779b97f4a7c15;  // its increment

}  // namespace

float log_probability(std::span<const float> logits, int32_t token) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - highest);
  return logits[token] - highest - static_cast<float>(std::log(sum));
}

kernels::Draw draw_of(const SamplingOptions& options, int32_t index) {
  const uint64_t stream = mixed(options.seed + kGamma);
  return {.temperature = options.temperature,
          .top_p = options.top_p,
          .top_k = options.top_k,
          .point = mixed(stream + kGamma * (static_cast<uint64_t>(index) + 1))};
}

Sample sample(std::span<const float> logits, std::vector<int32_t> allowed,
              const kernels::Draw& draw) {
  std::sort(allowed.begin(), allowed.end());
  std::vector<float> allowed_logits;
  for (const int32_t id : allowed) allowed_logits.push_back(logits[id]);
  const std::span<const float> from = allowed.empty() ? logits : allowed_logits;
  int32_t at = 0;
  kernels::Choice choice;
  kernels::reference_kernels().choose({.logits = from.data(),
                                       .draws = &draw,
                                       .ids = &at,
                                       .choices = &choice,
                                       .n_rows = 1,
                                       .n_vocabulary = static_cast<int32_t>(from.size())},
                                      {});
  if (allowed.empty()) return {.token = at, .logprob = choice.log_prob};
  return {.token = allowed[at], .logprob = log_probability(logits, allowed[at])};
}

}  // namespace rondo::engine
