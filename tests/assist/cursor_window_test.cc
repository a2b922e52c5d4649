#include "assist/cursor_window.h"

#include <gtest/gtest.h>

#include <string>

namespace rondo::assist {
namespace {

constexpr WindowLimits kLimits = {
    .prefix_bytes = 600, .prefix_step_bytes = 200, .suffix_bytes = 120};

std::string lines(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "line " + std::to_string(i) + " of the file\n";
  return text;
}

struct Editor {
  std::string text = lines(100);
  int64_t cursor = static_cast<int64_t>(lines(50).size());
  CursorWindow window{kLimits};

  bool place() { return window.place(text, cursor); }
  void type(const std::string& typed, const std::string& behind = "") {
    text.insert(cursor, typed + behind);
    cursor += static_cast<int64_t>(typed.size());
  }
};

TEST(CursorWindow, BeginsAtALineAndKeepsItsLimits) {
  Editor editor;
  EXPECT_FALSE(editor.place());
  EXPECT_TRUE(editor.window.prefix().starts_with("line "));
  EXPECT_LE(editor.window.prefix().size(), 600u);
  EXPECT_LE(editor.window.suffix().size(), 120u);
  EXPECT_TRUE(editor.window.suffix().ends_with("file"));
}

// Minified code, data: where no line begins within the limits, it begins inside of one.
TEST(CursorWindow, HoldsTheEndOfALineThatIsLongerThanItself) {
  Editor editor;
  for (const char* behind : {"", "\n"}) {
    editor.text = "first line\n";
    for (int i = 0; i < 1000; ++i) editor.text += "\xE2\x82\xAC";  // of three bytes
    editor.text += behind;
    editor.cursor = static_cast<int64_t>(editor.text.size());
    editor.window = CursorWindow(kLimits);
    editor.place();
    EXPECT_GT(editor.window.prefix().size(), 300u);
    EXPECT_LE(editor.window.prefix().size(), 600u);
    EXPECT_TRUE(editor.window.prefix().starts_with("\xE2"));
  }
}

TEST(CursorWindow, ANarrowOneStaysNarrowUntilItIsPlacedAnew) {
  Editor editor;
  EXPECT_FALSE(editor.window.place(editor.text, editor.cursor, 0.3));
  EXPECT_TRUE(editor.window.is_narrow());
  EXPECT_LE(editor.window.prefix().size(), 180u);
  EXPECT_LE(editor.window.suffix().size(), 36u);
  editor.type("foo");
  EXPECT_TRUE(editor.place());
  EXPECT_TRUE(editor.window.is_narrow());
  editor.cursor = static_cast<int64_t>(lines(90).size());
  EXPECT_FALSE(editor.place());
  EXPECT_FALSE(editor.window.is_narrow());
}

TEST(CursorWindow, StaysWhileOneTypes) {
  Editor editor;
  editor.place();
  const std::string suffix = editor.window.suffix();
  const int64_t begin = editor.window.begin();
  for (const char* key : {"f", "o", "o", " ", "=", " ", "1", "\n", "b"}) {
    editor.type(key);
    EXPECT_TRUE(editor.place()) << key;
  }
  EXPECT_EQ(editor.window.begin(), begin);
  EXPECT_EQ(editor.window.suffix(), suffix);
  EXPECT_TRUE(editor.window.prefix().ends_with("foo = 1\nb"));
}

TEST(CursorWindow, AnInsertedCloserChangesNothing) {
  Editor editor;
  editor.place();
  const std::string suffix = editor.window.suffix();
  editor.type("f(", ")");
  EXPECT_TRUE(editor.place());
  EXPECT_EQ(editor.window.suffix(), suffix);
}

TEST(CursorWindow, AnEditAboveMovesItAlong) {
  Editor editor;
  editor.place();
  const std::string prefix = editor.window.prefix();
  editor.text.insert(0, "import x\n");
  editor.cursor += 9;
  EXPECT_TRUE(editor.place());
  EXPECT_EQ(editor.window.prefix(), prefix);
}

TEST(CursorWindow, AJumpOrAnEditBelowMakesANewOne) {
  Editor editor;
  editor.place();
  editor.text.insert(editor.cursor + 3, "changed");
  EXPECT_FALSE(editor.place());
  editor.cursor = static_cast<int64_t>(lines(10).size());
  EXPECT_FALSE(editor.place());
  EXPECT_FALSE(editor.window.prefix().empty());
}

TEST(CursorWindow, MovesInStepsWhenItIsFull) {
  Editor editor;
  editor.place();
  int n_moves = 0;
  for (int i = 0; i < 1000; ++i) {
    editor.type(i % 20 == 19 ? "\n" : "x");
    n_moves += !editor.place();
    EXPECT_LE(editor.window.prefix().size(), 600u);
  }
  EXPECT_GE(n_moves, 3);
  EXPECT_LE(n_moves, 6);
}

TEST(CursorWindow, LivesWithTheEdgesOfTheText) {
  CursorWindow window(kLimits);
  window.place("", 0);
  EXPECT_EQ(window.prefix() + window.suffix(), "");
  window.place("abc", 3);
  EXPECT_EQ(window.prefix(), "abc");
  window.place("abc", 0);
  EXPECT_EQ(window.suffix(), "abc");
  const std::string long_line(10000, 'x');
  window.place(long_line, 5000);
  EXPECT_LE(window.prefix().size(), 600u);
  EXPECT_LE(window.suffix().size(), 120u);
}

}  // namespace
}  // namespace rondo::assist
