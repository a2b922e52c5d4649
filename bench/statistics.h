// Means with 95% intervals.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>

namespace rondo::bench {

struct Estimate {
  double value = 0;
  double low = 0;  // of the 95% interval
  double high = 0;
  int64_t n = 0;
};

// The mean of independent values, with the normal interval; one value alone has no width.
// REQUIRES: not empty.
Estimate mean_of(std::span<const double> values);

// The same with an interval by bootstrap: of the means of 2,000 samples drawn from the values,
// always the same ones. For values that are far from normal. REQUIRES: not empty.
Estimate bootstrap_mean(std::span<const double> values);

// The share of `n_hits` in `n` trials, with Wilson's interval. REQUIRES: 0 <= n_hits <= n, n > 0.
Estimate share_of(int64_t n_hits, int64_t n);

}  // namespace rondo::bench
