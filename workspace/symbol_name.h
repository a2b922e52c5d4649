// The names of definitions, as a tree spells them.
//
// Thread: pure functions.
#pragma once

#include <tree_sitter/api.h>

#include <string>
#include <string_view>
#include <vector>

#include "workspace/text.h"

namespace rondo::workspace {

// The parts of a qualified name: "a::B<T>::c" gives a, B, c; "M.f" and "M:f" give M, f. Template
// arguments, pointers and quotes are left out; "operator<" stays whole. Empty when there is no name
// in `text`.
std::vector<std::string> split_symbol(std::string_view text);

// The parts of the name that `node` stands for: its own text or, for a C declarator, that of the
// name declared in it.
std::vector<std::string> symbol_of(TSNode node, const Text& text);

}  // namespace rondo::workspace
