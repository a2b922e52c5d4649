#include "engine/sampler.h"

#include <algorithm>
#include <cmath>

namespace rondo::engine {

float log_probability(std::span<const float> logits, int32_t token) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - highest);
  return logits[token] - highest - static_cast<float>(std::log(sum));
}

Sample Sampler::sample(std::span<const float> logits, std::span<const int32_t> allowed) {
  std::vector<Candidate> candidates;
  if (allowed.empty()) {
    candidates.reserve(logits.size());
    for (size_t id = 0; id < logits.size(); ++id)
      candidates.push_back({static_cast<int32_t>(id), logits[id]});
  } else {
    for (const int32_t id : allowed) candidates.push_back({id, logits[id]});
  }
  const int32_t token = draw(std::move(candidates));
  return {.token = token, .logprob = log_probability(logits, token)};
}

int32_t Sampler::draw(std::vector<Candidate> candidates) {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  if (options_.temperature <= 0)
    return std::min_element(candidates.begin(), candidates.end(), better)->token;

  const auto k =
      options_.top_k > 0 ? std::min<size_t>(options_.top_k, candidates.size()) : candidates.size();
  std::partial_sort(candidates.begin(), candidates.begin() + k, candidates.end(), better);
  candidates.resize(k);
  std::vector<double> weights;
  double sum = 0;
  for (const Candidate& candidate : candidates) {
    weights.push_back(
        std::exp((candidate.logit - candidates.front().logit) / options_.temperature));
    sum += weights.back();
  }
  double covered = 0;  // top-p: the shortest head of the list that covers top_p of the mass
  size_t n = 0;
  while (n < weights.size() && covered < options_.top_p * sum) covered += weights[n++];
  // Not std::discrete_distribution: its draws differ between standard libraries.
  double point = static_cast<double>(random_() >> 11) * 0x1p-53 * covered;
  for (size_t i = 0; i < n; ++i) {
    if (point < weights[i]) return candidates[i].token;
    point -= weights[i];
  }
  return candidates[n - 1].token;
}

}  // namespace rondo::engine
