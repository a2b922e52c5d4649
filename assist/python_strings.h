// Python's ways to put values into text: f-strings of str.format() and of '%', and keyword
// arguments of a dictionary. Only what means the same whatever the types are; a refusal says why.
//
// Thread: pure functions.
#pragma once

#include <tree_sitter/api.h>

#include <string>
#include <string_view>

#include "base/status.h"

namespace rondo::assist {

// The f-string of `node`, a call "...".format(...) or an operation "..." % (...), in Python 3.6 and
// later. Errors: InvalidArgument: a part of a sentence that says why it stays as it is.
Result<std::string> f_string_of(TSNode node, std::string_view text);

// `a=1, b=2` of the dictionary display {"a": 1, "b": 2}. Errors: as above.
Result<std::string> keywords_of(TSNode dictionary, std::string_view text);

// The text of an expression as an operand of a comparison: in parentheses where it needs them.
std::string operand_of(TSNode expression, std::string_view text);

}  // namespace rondo::assist
