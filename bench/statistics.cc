#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "bench/random.h"

namespace rondo::bench {
namespace {

constexpr double kNormal95 = 1.959964;

}  // namespace

Estimate mean_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half = n > 1 ? kNormal95 * std::sqrt(squares / (n - 1) / n) : 0;
  return {mean, mean - half, mean + half, static_cast<int64_t>(values.size())};
}

Estimate bootstrap_mean(std::span<const double> values) {
  constexpr int64_t kSamples = 2000;
  const auto n = static_cast<int64_t>(values.size());
  Random random(1);
  std::vector<double> means(kSamples);
  for (double& mean : means) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += values[random.below(n)];
    mean = sum / static_cast<double>(n);
  }
  std::sort(means.begin(), means.end());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {sum / static_cast<double>(n), means[kSamples / 40], means[kSamples - 1 - kSamples / 40],
          n};
}

Estimate share_of(int64_t n_hits, int64_t n) {
  const auto trials = static_cast<double>(n);
  const double share = static_cast<double>(n_hits) / trials;
  const double z2 = kNormal95 * kNormal95 / trials;
  const double centre = (share + z2 / 2) / (1 + z2);
  const double half =
      kNormal95 / (1 + z2) * std::sqrt(share * (1 - share) / trials + z2 / trials / 4);
  return {share, centre - half, centre + half, n};
}

}  // namespace rondo::bench
