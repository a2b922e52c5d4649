#include "workspace/edit_history.h"

#include <gtest/gtest.h>

#include "workspace/document_store.h"

namespace rondo::workspace {
namespace {

class EditHistoryTest : public testing::Test {
 protected:
  void open(const std::string& uri, std::string text) {
    store_.open({.uri = uri,
                 .path = uri,
                 .language = language_by_id("python"),
                 .version = ++version_,
                 .text = std::make_shared<const Text>(std::move(text))});
  }

  // Puts `text` in place of the characters [begin, end) of a line.
  void change(const std::string& uri, int64_t line, int64_t begin, int64_t end, std::string text) {
    const PositionRange range = {{line, begin}, {line, end}};
    ASSERT_TRUE(store_.change(uri, ++version_, {{range, std::move(text)}}).ok());
  }

  std::string shown() {
    std::string all;
    for (const DocumentEdit& edit : store_.recent_edits()) {
      all += "== " + edit.document->path + "\n" + edit.diff;
    }
    return all;
  }

  DocumentStore store_{PositionEncoding::kUtf8};
  int64_t version_ = 0;
};

std::string lines(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

TEST_F(EditHistoryTest, WritesWhatWasTypedAsOneDiff) {
  open("a.py", lines(40));
  change("a.py", 5, 0, 4, "row");
  change("a.py", 5, 5, 5, "0");
  change("a.py", 7, 0, 6, "new\nlines");
  EXPECT_EQ(shown(),
            "== a.py\n line 4\n-line 5\n+row 50\n line 6\n-line 7\n+new\n+lines\n line 8\n");
}

TEST_F(EditHistoryTest, HasAHunkForEachPlaceTheLatestFirst) {
  open("a.py", lines(40));
  open("b.py", lines(3));
  change("a.py", 2, 0, 4, "row");
  change("a.py", 30, 0, 4, "row");
  change("b.py", 0, 0, 4, "row");
  EXPECT_EQ(shown(),
            "== b.py\n-line 0\n+row 0\n line 1\n"
            "== a.py\n line 29\n-line 30\n+row 30\n line 31\n"
            "== a.py\n line 1\n-line 2\n+row 2\n line 3\n");
}

TEST_F(EditHistoryTest, LeavesOutWhatWasUndoneAndWhatNobodyTyped) {
  open("a.py", lines(4));
  change("a.py", 2, 0, 4, "row");
  change("a.py", 2, 0, 3, "line");
  EXPECT_EQ(shown(), "");
  change("a.py", 2, 0, 0, std::string(3000, 'x'));
  EXPECT_EQ(shown(), "");
}

TEST_F(EditHistoryTest, KeepsAFewHunks) {
  open("a.py", lines(400));
  for (int i = 0; i < 30; ++i) change("a.py", 12 * i, 0, 4, "row");
  const std::vector<DocumentEdit> edits = store_.recent_edits();
  ASSERT_EQ(edits.size(), 8u);
  EXPECT_NE(edits[0].diff.find("+row 348\n"), std::string::npos);
}

}  // namespace
}  // namespace rondo::workspace
