#include "base/status.h"

#include <gtest/gtest.h>

namespace rondo {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return invalid_argument_error("odd");
  return x / 2;
}

Result<int> quarter(int x) {
  ASSIGN_OR_RETURN(const int h, half(x));
  return half(h);
}

TEST(Result, CarriesAValueOrTheReason) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).status(), invalid_argument_error("odd"));
  EXPECT_EQ(quarter(7).status().to_string(), "invalid_argument: odd");
}

Status only_even(int x) {
  RETURN_IF_ERROR(half(x).status());
  return {};
}

TEST(Status, PropagatesErrors) {
  EXPECT_TRUE(only_even(4).ok());
  EXPECT_EQ(only_even(5).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace rondo
