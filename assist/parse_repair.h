// Answers near one that does not parse, which do: found by the grammar alone, without asking the
// model. Which of them it finds likely it may be asked then.
//
// Thread: that of the AnswerCheck. Ownership: borrows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assist/answer_check.h"
#include "base/status.h"

namespace rondo::assist {

// The beginning of an answer of several lines, as many of them as parse together; blocks that are
// open at its end are closed. Empty: none. Errors: those of the parser.
Result<std::string> cut_back(AnswerCheck& check, std::string_view answer);

// A few texts that parse, in place of an answer of one line: as much of its beginning as another
// end goes with, and what stands elsewhere in the file in such a place, the nearest first; without
// both, names that are bound there, or ends alone. Errors: those of the parser.
Result<std::vector<std::string>> other_ends(AnswerCheck& check, std::string_view answer);

// What stands behind such a beginning of a line elsewhere in `text`: behind the last word before
// `offset` and what follows that, or whole lines where the line begins there. Each once, the
// nearest first.
std::vector<std::string> similar_rests(std::string_view text, int64_t offset);

}  // namespace rondo::assist
