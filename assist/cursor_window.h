// The part of a document that the model reads around a cursor, kept steady while one types: what
// was read before is not read again only if the window begins where it began and the text behind
// the cursor stays what it was told.
//
// The prefix begins at a line start that moves in steps, not with every keystroke. The suffix is
// frozen as long as the lines below the cursor are the same and the rest of its line differs by
// closing brackets and quotes alone, which editors insert by themselves.
//
// Thread: one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rondo::assist {

struct WindowLimits {
  int64_t prefix_bytes = 2600;      // at most; about 3.4 bytes a token
  int64_t prefix_step_bytes = 870;  // how far its beginning moves at once
  int64_t suffix_bytes = 870;
};

class CursorWindow {
 public:
  explicit CursorWindow(WindowLimits limits) : limits_(limits) {}

  // Places the window for a cursor at byte `offset` of `text`. True when it continues the one
  // before: the prefix begins with the same text, the suffix is the same. One that does not is
  // given `share` of the limits (0..1), for a model that would read long at all of them.
  bool place(std::string_view text, int64_t offset, double share = 1);
  const WindowLimits& limits() const { return limits_; }
  // It was given less than its limits.
  bool is_narrow() const { return share_ < 1; }

  int64_t begin() const { return begin_; }  // of the prefix, a byte offset into the last text
  int64_t end() const { return end_; }      // of the part of the text that the suffix stands for
  const std::string& prefix() const { return prefix_; }
  const std::string& suffix() const { return suffix_; }

 private:
  bool keep_begin(std::string_view text, int64_t offset);
  bool keep_suffix(std::string_view text, int64_t offset) const;

  WindowLimits limits_;
  double share_ = 1;
  int64_t begin_ = -1;  // -1: never placed
  int64_t end_ = 0;
  int64_t text_size_ = 0;
  std::string prefix_;
  std::string suffix_;
};

}  // namespace rondo::assist
