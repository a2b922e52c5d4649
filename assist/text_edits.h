// Edits of a text, and a text that remembers which of its bytes were changed.
//
// Thread: values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workspace/text.h"

namespace rondo::assist {

struct TextEdit {
  workspace::ByteRange range;  // what is replaced; empty: an insertion
  std::string with;

  bool operator==(const TextEdit&) const = default;
};

// Whether both cannot be made at once: they share a byte, an insertion lies inside the other, or
// both insert at one place.
bool conflict(const TextEdit& a, const TextEdit& b);

// A piece of the original text and what stands there now.
struct Change {
  workspace::ByteRange before;
  workspace::ByteRange after;

  bool operator==(const Change&) const = default;
};

// `before` with some of the changes that make `after` of it. REQUIRES: in the order of the text.
std::string with_changes(std::string_view before, std::string_view after,
                         const std::vector<Change>& changes);

class EditedText {
 public:
  explicit EditedText(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }

  // Makes `edits` of text(). REQUIRES: in the order of the text, inside it, without conflicts.
  void apply(const std::vector<TextEdit>& edits);

  // What differs from the original text, in its order. Outside of these every byte is as it was.
  const std::vector<Change>& changes() const { return changes_; }

 private:
  void note(const TextEdit& edit);

  std::string text_;
  std::vector<Change> changes_;
};

}  // namespace rondo::assist
