// Which functions of a file can be called otherwise than before an edit: their callers may have to
// change, too.
//
// Thread: one, that of the cursor; nothing is kept.
#pragma once

#include <string>
#include <vector>

#include "assist/text_edits.h"
#include "workspace/functions.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

// The names of functions of `before` that are gone in `after`, or whose parameters have other names
// or another order there; types and defaults do not count. `changes` are all that `after` differs
// by; functions whose heads none of them touches are called as before. `query` is of their
// language.
std::vector<std::string> changed_signatures(const workspace::FunctionQuery& query,
                                            const workspace::QueryCursor& cursor,
                                            const workspace::SyntaxTree& before,
                                            const workspace::SyntaxTree& after,
                                            const std::vector<Change>& changes);

}  // namespace rondo::assist
