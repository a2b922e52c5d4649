#include "assist/stray_names.h"

#include <algorithm>
#include <map>

#include "assist/similar_names.h"
#include "workspace/identifiers.h"

namespace rondo::assist {

StrayNames::StrayNames(workspace::NameQueries& queries, const workspace::Language& language,
                       const workspace::SyntaxTree& tree, const workspace::QueryCursor& cursor) {
  if (!workspace::has_names(language)) return;
  table_ = queries.of(language).table_of(tree, cursor);
  const auto& builtins = queries.builtins_of(language);
  builtins_.assign(builtins.begin(), builtins.end());
  std::sort(builtins_.begin(), builtins_.end());
  if (table_.imports_everything()) return;
  std::map<std::string, int64_t> n_uses;
  stray_ = table_.unbound_in({0, tree.text->size()});
  std::erase_if(stray_, [&](const auto& use) { return builtins.contains(use.name); });
  for (const workspace::UsedName& use : stray_) ++n_uses[use.name];
  for (const workspace::Identifier& word : workspace::identifiers(tree.text->bytes())) {
    const auto found = n_uses.find(std::string(word.text));
    if (found != n_uses.end()) --found->second;
  }
  std::erase_if(stray_, [&](const auto& use) { return n_uses[use.name] != 0; });
}

std::vector<std::string> StrayNames::meant(const std::string& name, int64_t offset) const {
  std::vector<std::string> known = table_.bound_at(offset);
  known.insert(known.end(), builtins_.begin(), builtins_.end());
  return similar_names(name, known);
}

}  // namespace rondo::assist
