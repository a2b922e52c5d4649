// How many places of a text its grammar does not understand: nodes that are errors or missing.
//
// Thread: a pure function.
#pragma once

#include <cstdint>
#include <optional>

#include "workspace/syntax_tree.h"

namespace rondo::assist {

int64_t count_syntax_errors(const workspace::SyntaxTree& tree);
// Whether one of them has a byte in `range`, or stands at one of its ends.
bool has_syntax_error(const workspace::SyntaxTree& tree, workspace::ByteRange range);

// Where the first of them begins, a byte offset into the text; nothing when there is none.
std::optional<int64_t> first_syntax_error(const workspace::SyntaxTree& tree);

}  // namespace rondo::assist
