// The branches of a piece of code: the bodies of its conditions, loops and functions, by the fields
// that the grammars name alike (body, consequence, alternative).
//
// Thread: a pure function.
#pragma once

#include <vector>

#include "workspace/syntax_tree.h"

namespace rondo::assist {

struct Branch {
  workspace::ByteRange body;  // statements, without braces and the blanks inside them; not empty
  int64_t head_line = 0;      // where what it is a branch of begins
};

// Those that lie in `range` with their heads, and in no other, in the order of the text.
std::vector<Branch> branches_in(const workspace::SyntaxTree& tree, workspace::ByteRange range);

}  // namespace rondo::assist
