// Which functions of a file can be called otherwise than before an edit: their callers may have to
// change, too.
//
// Thread: pure functions; each call parses both texts.
#pragma once

#include <string>
#include <vector>

#include "workspace/functions.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

// The names of functions of `before` that are gone in `after`, or whose parameters have other names
// or another order there; types and defaults do not count. `query` is of their language.
std::vector<std::string> changed_signatures(const workspace::FunctionQuery& query,
                                            const workspace::QueryCursor& cursor,
                                            const workspace::SyntaxTree& before,
                                            const workspace::SyntaxTree& after);

}  // namespace rondo::assist
