// Makes of generated text what fits between what stands before and after the cursor.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "workspace/text.h"

namespace rondo::assist {

struct Surroundings {
  std::string_view line_before;  // the cursor's line up to the cursor
  std::string_view line_after;   // the rest of the cursor's line
  std::string_view next_line;    // the first line below that is not blank; empty: none
};

// What stands around a cursor. REQUIRES: 0 <= offset <= text.size(); the result views `text`.
Surroundings surroundings_of(const workspace::Text& text, int64_t offset);

struct FittedText {
  std::string text;     // to insert at the cursor; LF line ends; empty: nothing to show
  std::string silence;  // why it is empty, as a sentence
};

// The rules of fit_text. `rondo bench rules` leaves out one after the other.
struct FitRules {
  bool blanks = true;       // none at the end
  bool one_line = true;     // only one, where text stands behind the cursor
  bool closers = true;      // not those that stand behind the cursor, if the text did not open them
  bool suffix = true;       // not the whole rest of the cursor's line again
  bool repetition = true;   // not what the text itself repeats again and again
  bool next_line = true;    // not a line that only repeats the next one
  bool indentation = true;  // with tabs or spaces as the lines around
};

// Cuts what the suffix already has (closers, the rest of the line, a repetition of the next line),
// what the text itself repeats again and again, and trailing blanks; indents with tabs or spaces as
// the lines around do. tests/assist/postprocess.cases has examples of each rule.
FittedText fit_text(std::string_view generated, const Surroundings& surroundings,
                    const FitRules& rules = {});

// `text` with the line ends of `document`: CRLF when its first line ends so.
std::string with_line_ends_of(std::string_view document, std::string_view text);

}  // namespace rondo::assist
