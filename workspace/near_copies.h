// NearCopies: tells texts that are nearly what the model sees anyway. Beside one it says nothing,
// or repeats it: what stands behind the cursor is the next line there.
//
// Lines are compared, blanks around them and lines of signs alone aside. A text of three lines or
// more is a near copy when three in four of them stand in the window. Of a longer one, of which the
// window shows a part, those count that lie between the first and the last that stand there, when
// they are eight or more.
//
// Thread: immutable; any thread. Borrows the window's text.
#pragma once

#include <string_view>
#include <unordered_set>

namespace rondo::workspace {

class NearCopies {
 public:
  explicit NearCopies(std::string_view window);

  bool has(std::string_view text) const;

 private:
  std::unordered_set<std::string_view> lines_;
};

}  // namespace rondo::workspace
