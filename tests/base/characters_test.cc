#include "base/characters.h"

#include <gtest/gtest.h>

namespace rondo {
namespace {

TEST(Characters, WordsAreOfLettersDigitsAndUnderscores) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool expected = is_letter || (c >= '0' && c <= '9') || c == '_' || byte >= 0x80;
    EXPECT_EQ(is_word_byte(c), expected) << byte;
  }
}

TEST(Characters, TrimmedLosesItsEndsAlone) {
  EXPECT_EQ(trimmed("  a b\t ", " \t"), "a b");
  EXPECT_EQ(trimmed("a\n", " \t"), "a\n");
  EXPECT_EQ(trimmed(" \t ", " \t"), "");
  EXPECT_EQ(trimmed("", " "), "");
}

}  // namespace
}  // namespace rondo
