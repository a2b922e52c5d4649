#include "assist/stable_order.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rondo::assist {
namespace {

using workspace::ContextBlock;
using Blocks = std::vector<ContextBlock>;

// A Block a letter, of ten tokens; capitals are diffs, which stand nowhere.
Blocks blocks(const std::string& names) {
  Blocks result;
  for (const char name : names) {
    const std::string path(1, name);
    result.push_back({.path = path, .text = path, .hash = hash_text(path)});
  }
  return result;
}

std::string names(const Blocks& order) {
  std::string text;
  for (const ContextBlock& block : order) text += block.path;
  return text;
}

std::string ordered(const std::string& before, const std::string& wanted,
                    const std::string& gone = "") {
  return names(stable_order(blocks(before), blocks(wanted),
                            {.max_tokens = 60,
                             .count_tokens = [](const ContextBlock&) { return int64_t{10}; },
                             .is_current =
                                 [&](const ContextBlock& block) {
                                   return std::islower(block.path[0]) != 0 &&
                                          gone.find(block.path) == std::string::npos;
                                 }}));
}

TEST(StableOrder, BeginsInTheOrderOfTheChoice) { EXPECT_EQ(ordered("", "cab"), "cab"); }

TEST(StableOrder, KeepsEveryPlaceAndPutsTheNewBehind) {
  EXPECT_EQ(ordered("cab", "bca"), "cab");
  EXPECT_EQ(ordered("cab", "dbc"), "cabd");
  EXPECT_EQ(ordered("cab", "d"), "cabd");
  EXPECT_EQ(ordered("cab", ""), "cab");
}

TEST(StableOrder, DropsWhatNobodyWantsOnlyWhenThereIsNoRoom) {
  EXPECT_EQ(ordered("abcd", "ecf"), "abcdef");
  EXPECT_EQ(ordered("abcdef", "gcf"), "cfg");
}

TEST(StableOrder, DropsWhatIsNotSoAnyMoreAtOnce) { EXPECT_EQ(ordered("abc", "cd", "a"), "bcd"); }

TEST(StableOrder, PutsRecentEditsLastAndDropsThoseThatAreOld) {
  EXPECT_EQ(ordered("", "Xab"), "abX");
  EXPECT_EQ(ordered("abX", "Xc"), "abcX");
  EXPECT_EQ(ordered("abX", "Yb"), "abY");
}

TEST(StableOrder, TellsBlocksApartByPathAndText) {
  Blocks changed = blocks("a");
  changed[0].hash = hash_text("changed");
  EXPECT_FALSE(same_order(blocks("a"), changed));
  EXPECT_TRUE(same_order(blocks("ab"), blocks("ab")));
  EXPECT_FALSE(same_order(blocks("ab"), blocks("a")));
  EXPECT_FALSE(same_order(blocks("ab"), blocks("ba")));
}

TEST(StableOrder, APromptSharesWhatItWantsOfABeginning) {
  EXPECT_EQ(names(shared_beginning(blocks("abcd"), blocks("dba"))), "ab");
  EXPECT_EQ(names(shared_beginning(blocks("abcd"), blocks("bcd"))), "");
}

}  // namespace
}  // namespace rondo::assist
