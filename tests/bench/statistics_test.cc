#include "bench/statistics.h"

#include <gtest/gtest.h>

#include <vector>

namespace rondo::bench {
namespace {

TEST(Statistics, MeanHasTheNormalInterval) {
  // The squared deviations 9, 1, 1, 1 sum to 12: standard deviation 2, half width 1.96 * 2 / 2.
  const std::vector<double> values = {0, 4, 4, 4};
  const Estimate mean = mean_of(values);
  EXPECT_DOUBLE_EQ(mean.value, 3);
  EXPECT_NEAR(mean.high - mean.value, 1.959964, 1e-6);
  EXPECT_NEAR(mean.value - mean.low, mean.high - mean.value, 1e-12);
  EXPECT_EQ(mean.n, 4);
}

TEST(Statistics, OneValueHasNoWidth) {
  const std::vector<double> values = {3};
  EXPECT_EQ(mean_of(values).low, 3);
  EXPECT_EQ(mean_of(values).high, 3);
}

TEST(Statistics, ShareHasWilsonsInterval) {
  const Estimate share = share_of(8, 10);
  EXPECT_DOUBLE_EQ(share.value, 0.8);
  EXPECT_NEAR(share.low, 0.490, 0.0005);
  EXPECT_NEAR(share.high, 0.943, 0.0005);
}

TEST(Statistics, ShareOfNothingHitStaysAboveZero) {
  const Estimate share = share_of(0, 20);
  EXPECT_NEAR(share.low, 0, 1e-12);
  EXPECT_NEAR(share.high, 0.1611, 0.0005);
}

}  // namespace
}  // namespace rondo::bench
