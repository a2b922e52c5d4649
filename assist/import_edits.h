// Imports of a Python file after a recipe has changed it: those that it now needs, and those that
// it used before and does not use any more.
//
// Thread: pure functions.
#pragma once

#include <vector>

#include "assist/recipe.h"
#include "assist/text_edits.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

// The edits of `after`'s text, in its order, that `imports` ask for. `before` is the file as it
// was: an import that it did not use either stays, since others may import it from here.
std::vector<TextEdit> import_edits(const std::vector<ImportEdit>& imports,
                                   const workspace::SyntaxTree& before,
                                   const workspace::SyntaxTree& after);

}  // namespace rondo::assist
