#include "assist/healed_word.h"

#include <gtest/gtest.h>

#include <string>

namespace rondo::assist {
namespace {

TEST(HealedWord, TakesTheWordAndOneSpaceBeforeIt) {
  EXPECT_EQ(healed_word("total = apply_dis"), " apply_dis");
  EXPECT_EQ(healed_word("total =  x"), " x");
  EXPECT_EQ(healed_word("foo(ba"), "ba");
  EXPECT_EQ(healed_word("ab1_"), "ab1_");
  EXPECT_EQ(healed_word("\tname"), "name");
}

TEST(HealedWord, TakesNothingBehindAnotherCharacter) {
  for (const char* prefix : {"", "a ", "a.", "f(", "x\n", "\"", "->"})
    EXPECT_EQ(healed_word(prefix), "") << prefix;
}

TEST(HealedWord, CountsCharactersNotBytes) {
  EXPECT_EQ(healed_word("a.\xC3\xA9t\xC3\xA9"), "\xC3\xA9t\xC3\xA9");
  std::string sixty;
  for (int i = 0; i < 60; ++i) sixty += "\xC3\xA9";
  EXPECT_EQ(healed_word("(" + sixty), sixty);
  EXPECT_EQ(healed_word("(" + sixty + "x"), "");
}

}  // namespace
}  // namespace rondo::assist
