#include "assist/gate.h"

#include <algorithm>
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

}  // namespace rondo::assist
