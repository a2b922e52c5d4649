#include "assist/gate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rondo::assist {

Confidence confidence_of(std::span<const float> logprobs) {
  if (logprobs.empty()) return {};
  const float sum = std::accumulate(logprobs.begin(), logprobs.end(), 0.0f);
  return {.mean = sum / static_cast<float>(logprobs.size()),
          .least = *std::min_element(logprobs.begin(), logprobs.end()),
          .first = logprobs.front(),
          .sum = sum};
}

std::string Gate::reason(const Confidence& confidence) const {
  return "the model is only " + std::to_string(percent_of(confidence.mean)) +
         "% sure of its words, and " + std::to_string(percent_of(min_mean)) +
         "% are asked for (option confidence)";
}

Gate gate_of(int64_t percent) {
  if (percent <= 0) return {};
  return {.min_mean = static_cast<float>(std::log(static_cast<double>(percent) / 100))};
}

int percent_of(float mean_logprob) {
  return static_cast<int>(std::lround(100 * std::exp(mean_logprob)));
}

}  // namespace rondo::assist
