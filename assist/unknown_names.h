// The names in a part of a text that nothing brings: not its scopes, imports or language, not the
// workspace, and not, by the look of it, what the rest of the file gets its names from.
//
// Thread: a pure function.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "workspace/block_index.h"
#include "workspace/languages.h"
#include "workspace/names.h"

namespace rondo::assist {

// Where a text's names come from, beside itself.
struct NameSources {
  const workspace::Language& language;
  std::string_view path;
  std::string_view text;
  const workspace::BlockIndex& index;
  const std::unordered_set<std::string>& builtins;  // of the language
  // The function that the names are in: what is used in it alone, something in it has to bind.
  // Empty: none.
  workspace::ByteRange function = {};
};

// In the order of the text. What something else in the file uses unbound counts as known, and so
// does everything behind an import of everything. In languages whose files see one another's names
// (C, C++, Go) so does what the workspace defines or uses anywhere; in Rust too, whose globs and
// preludes are not followed.
std::vector<workspace::UsedName> unknown_names(const workspace::NameTable& table,
                                               workspace::ByteRange range,
                                               const NameSources& sources);

}  // namespace rondo::assist
