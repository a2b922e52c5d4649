// StrayNames: names of one file that nothing brings, by the file alone, and the known ones that
// they may have meant: what recipes, quick fixes and `rondo fix` change for misspelt names.
//
// Thread: any; a StrayNames is of the thread that made it. Ownership: borrows the queries.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workspace/names.h"
#include "workspace/syntax_query.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

class StrayNames {
 public:
  // Nothing is stray in a language without a query of names. `tree` is of `language`.
  StrayNames(workspace::NameQueries& queries, const workspace::Language& language,
             const workspace::SyntaxTree& tree, const workspace::QueryCursor& cursor);

  // In the order of the text. A name that also stands anywhere else in the file, be it in a string
  // or as an attribute, is not stray, nor is any behind an import of everything.
  const std::vector<workspace::UsedName>& all() const { return stray_; }
  // What `name` at `offset` may have meant (similar_names.h): names that the scopes there bind, the
  // innermost first, and those of the language.
  std::vector<std::string> meant(const std::string& name, int64_t offset) const;

 private:
  std::vector<workspace::UsedName> stray_;
  workspace::NameTable table_;
  std::vector<std::string> builtins_;  // sorted
};

}  // namespace rondo::assist
