#include "bench/part.h"

#include <gtest/gtest.h>

namespace rondo::bench {
namespace {

TEST(Part, IsReadFromItsFraction) {
  const auto part = parse_part("2/8");
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->index, 1);
  EXPECT_EQ(part->count, 8);
}

TEST(Part, OfNothingOrOfLessIsRefused) {
  for (const char* text : {"", "1", "/", "1/", "/1", "0/4", "5/4", "-1/4", "1/4x", "1 /4", "a/b"}) {
    EXPECT_FALSE(parse_part(text).ok()) << text;
  }
}

TEST(Part, HasEveryItemInOnePartAndNoItemInTwo) {
  for (const int64_t n : {0, 1, 7, 300}) {
    int64_t expected = 0;
    for (int64_t i = 0; i < 8; ++i) {
      const Part part{i, 8};
      EXPECT_EQ(part.begin(n), expected);
      EXPECT_LE(part.end(n) - part.begin(n), n / 8 + 1);
      expected = part.end(n);
    }
    EXPECT_EQ(expected, n);
  }
}

}  // namespace
}  // namespace rondo::bench
