// NearCopies: tells texts that are nearly what the model sees anyway. Beside one it says nothing,
// or repeats it: what stands behind the cursor is the next line there. One with a line of its own
// in that place is none: it may be the very line that is wanted.
//
// Lines are compared, blanks around them and lines of signs alone aside. A text of three lines or
// more is a near copy when three in four of them stand in the window. Of a longer one, of which the
// window shows a part, those count that lie between the first and the last that stand there, when
// they are eight or more.
//
// Thread: immutable; any thread. Borrows the text of the window.
#pragma once

#include <string_view>
#include <unordered_set>

namespace rondo::workspace {

class NearCopies {
 public:
  // The cursor stands between what is `before` it and `behind` it in the window.
  NearCopies(std::string_view before, std::string_view behind);

  bool has(std::string_view text) const;

 private:
  std::unordered_set<std::string_view> lines_;
  std::string_view last_before_;  // of the whole lines before the cursor's
};

}  // namespace rondo::workspace
