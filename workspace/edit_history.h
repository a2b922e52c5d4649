// EditHistory: what one client changed lately, a hunk for each place, so that the next place can be
// completed alike.
//
// Changes that follow each other within a few lines of one document are one hunk. It is shown as a
// diff from the text before the first of them to the text after the last.
//
// Thread: one, that of the DocumentStore that keeps it. What it gives away may be read by any.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "workspace/text.h"

namespace rondo::workspace {

struct Document;

// A hunk.
struct DocumentEdit {
  std::shared_ptr<const Document> document;  // as it was after the edit
  std::string diff;                          // lines with '+', '-' or ' ' before them
};

class EditHistory {
 public:
  // `after` is the state of the document that follows `before`. REQUIRES: neither is null.
  void add(const std::shared_ptr<const Document>& before,
           const std::shared_ptr<const Document>& after);

  // The latest first, at most 8; one that ended as it began is left out, as is one of more than
  // 2,000 bytes, which is no edit by hand.
  std::vector<DocumentEdit> recent() const;

 private:
  // The hunk that may go on.
  struct Open {
    TextSnapshot base;                      // before its first change; null: there is none
    std::shared_ptr<const Document> after;  // its last
  };

  static void add_to(std::deque<DocumentEdit>& edits, const Open& hunk);

  Open open_;
  std::deque<DocumentEdit> ended_;  // the latest first
};

// The lines of `before` and `after` that differ, with one line around them: "+" for those that
// `after` has, "-" for those that it has not. Empty when they are equal.
std::string line_diff(const Text& before, const Text& after);

}  // namespace rondo::workspace
