#include "assist/text_edits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rondo::assist {
namespace {

TEST(EditedText, MergesEditsOfEdits) {
  EditedText text("one two three");
  text.apply({{{4, 7}, "2"}});
  EXPECT_EQ(text.text(), "one 2 three");
  text.apply({{{0, 3}, "1"}, {{4, 5}, "two"}});
  EXPECT_EQ(text.text(), "1 two three");
  EXPECT_EQ(text.changes(), (std::vector<Change>{{{0, 3}, {0, 1}}, {{4, 7}, {2, 5}}}));
  text.apply({{{1, 2}, "+"}});
  EXPECT_EQ(text.changes(), (std::vector<Change>{{{0, 7}, {0, 5}}}));
}

TEST(Conflict, IsAboutSharedBytesAndInsertionsInside) {
  EXPECT_FALSE(conflict({{0, 2}, ""}, {{2, 4}, ""}));
  EXPECT_TRUE(conflict({{0, 3}, ""}, {{2, 4}, ""}));
  EXPECT_FALSE(conflict({{2, 2}, "x"}, {{2, 4}, ""}));
  EXPECT_TRUE(conflict({{3, 3}, "x"}, {{2, 4}, ""}));
  EXPECT_TRUE(conflict({{2, 2}, "x"}, {{2, 2}, "y"}));
}

// Whatever is edited in how many rounds: outside of the changes nothing differs.
TEST(EditedText, KnowsWhatDiffers) {
  std::mt19937 random(7);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % (n + 1)); };
  for (int round = 0; round < 500; ++round) {
    std::string before;
    for (int i = 0; i < 40; ++i) before += static_cast<char>('a' + below(25));
    EditedText edited(before);
    for (int pass = 0; pass < 4; ++pass) {
      std::vector<TextEdit> edits;
      for (int64_t at = below(9); at < static_cast<int64_t>(edited.text().size());) {
        const int64_t end = std::min(at + below(3), static_cast<int64_t>(edited.text().size()));
        edits.push_back({{at, end}, std::string(static_cast<size_t>(below(3)), 'X')});
        at = end + 1 + below(12);
      }
      edited.apply(edits);
    }
    int64_t at_before = 0;
    int64_t at_after = 0;
    std::string rebuilt;
    for (const Change& change : edited.changes()) {
      ASSERT_EQ(change.before.begin - at_before, change.after.begin - at_after);
      rebuilt += before.substr(at_before, change.before.begin - at_before);
      rebuilt += edited.text().substr(change.after.begin, change.after.size());
      at_before = change.before.end;
      at_after = change.after.end;
    }
    ASSERT_EQ(rebuilt + before.substr(at_before), edited.text());
  }
}

}  // namespace
}  // namespace rondo::assist
