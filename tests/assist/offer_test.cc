#include "assist/offer.h"

#include <gtest/gtest.h>

#include <string>

namespace rondo::assist {
namespace {

// "print(sum(values))" and "prefix" offered behind the second line's "x = ".
class OfferTest : public testing::Test {
 protected:
  OfferTest() {
    offer_.text = std::make_shared<const workspace::Text>("import os\nx = \ny = 2\n");
    offer_.offset = 14;
    for (const char* text : {"print(sum(values))", "prefix"}) {
      offer_.outcome.candidates.push_back({.text = text, .replace_begin = 14, .replace_end = 14});
    }
  }

  // What is left at '^'; candidates separated by '|'.
  std::string rest(std::string marked) const {
    const auto offset = static_cast<int64_t>(marked.find('^'));
    marked.erase(offset, 1);
    const auto outcome = offer_.rest(marked, offset);
    if (!outcome) return "nothing";
    EXPECT_TRUE(outcome->report.typed_through);
    std::string texts;
    for (const CompletionCandidate& candidate : outcome->candidates) {
      EXPECT_EQ(candidate.replace_begin, offset);
      EXPECT_EQ(candidate.replace_end, offset);
      texts += candidate.text + "|";
    }
    return texts;
  }

  Offer offer_;
};

TEST_F(OfferTest, IsTypedThrough) {
  EXPECT_EQ(rest("import os\nx = ^\ny = 2\n"), "print(sum(values))|prefix|");
  EXPECT_EQ(rest("import os\nx = pr^\ny = 2\n"), "int(sum(values))|efix|");
  EXPECT_EQ(rest("import os\nx = prefi^\ny = 2\n"), "x|");
}

TEST_F(OfferTest, EndsWhenSomethingElseHappened) {
  for (const char* text : {
           "import os\nx = q^\ny = 2\n",       // another letter
           "import os\nx = prefix^\ny = 2\n",  // all of it
           "import os\nx =^\ny = 2\n",         // a letter less
           "import os\nx = p^r\ny = 2\n",      // the cursor moved back
           "import as\nx = pr^\ny = 2\n",      // an edit above
           "import os\nx = pr^\ny = 3\n",      // an edit below
           "^import os\nx = \ny = 2\n",
       }) {
    EXPECT_EQ(rest(text), "nothing") << text;
  }
  offer_ = {};
  EXPECT_EQ(rest("^"), "nothing");
}

TEST_F(OfferTest, LeavesOutCandidatesThatReplaceText) {
  offer_.outcome.candidates[0].replace_begin = 12;
  EXPECT_EQ(rest("import os\nx = pr^\ny = 2\n"), "efix|");
}

}  // namespace
}  // namespace rondo::assist
