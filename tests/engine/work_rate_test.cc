#include "engine/work_rate.h"

#include <gtest/gtest.h>

namespace rondo::engine {
namespace {

using std::chrono::microseconds;

TEST(WorkRate, AffordsAnythingWhileNothingWasMeasured) {
  WorkRate rate;
  rate.note(0, microseconds(500));
  EXPECT_GT(rate.affordable(microseconds(1)), 1'000'000'000);
  EXPECT_EQ(rate.affordable(microseconds(0)), 0);
  EXPECT_EQ(rate.affordable(microseconds(-5)), 0);
}

TEST(WorkRate, AffordsWhatItWasOfLate) {
  WorkRate rate;
  rate.note(10, microseconds(1000));
  EXPECT_EQ(rate.affordable(microseconds(950)), 9);
  for (int i = 0; i < 100; ++i) rate.note(10, microseconds(5000));
  EXPECT_EQ(rate.affordable(microseconds(5250)), 10);
}

TEST(WorkRate, TimeThatIsTooShortToMeasureIsNoBound) {
  WorkRate rate;
  rate.note(1000, microseconds(0));
  EXPECT_GT(rate.affordable(microseconds(1)), 1'000'000'000);
}

}  // namespace
}  // namespace rondo::engine
