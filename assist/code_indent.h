// How a text indents, and the lines that a place lies in.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "workspace/text.h"

namespace rondo::assist {

// The blanks at the begin of the line of `offset`.
std::string indent_at(const workspace::Text& text, int64_t offset);

// One step of indentation: a tab where lines begin with one, else the fewest blanks that one begins
// with, 2 or more; 4 where none does.
std::string indent_unit(const workspace::Text& text);

// `bytes` and the rest of their lines, the last line end included.
workspace::ByteRange whole_lines(const workspace::Text& text, workspace::ByteRange bytes);

}  // namespace rondo::assist
