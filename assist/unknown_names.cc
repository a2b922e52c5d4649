#include "assist/unknown_names.h"

#include <algorithm>
#include <limits>

#include "workspace/import_statements.h"

namespace rondo::assist {
namespace {

// Languages in which a name may come from another file without a word of it in this one.
constexpr std::string_view kWorkspaceWide[] = {"c", "go", "rust"};

bool is_workspace_wide(const workspace::Language& language) {
  return std::find(std::begin(kWorkspaceWide), std::end(kWorkspaceWide),
                   workspace::family(language)) != std::end(kWorkspaceWide);
}

bool workspace_knows(const workspace::BlockIndex& index, std::string_view name) {
  return index.count_defining(name) > 0 ||
         !index.referencing(name, std::numeric_limits<int64_t>::max()).empty();
}

std::unordered_set<std::string> imported_names(const NameSources& sources) {
  std::unordered_set<std::string> names;
  for (const workspace::Import& import :
       workspace::import_statements(sources.path, sources.language, sources.text)) {
    names.insert(import.bound);
    for (const workspace::ImportedName& name : import.names) names.insert(name.local);
  }
  return names;
}

}  // namespace

std::vector<workspace::UsedName> unknown_names(const workspace::NameTable& table,
                                               workspace::ByteRange range,
                                               const NameSources& sources) {
  if (table.imports_everything()) return {};
  std::vector<workspace::UsedName> unknown = table.unbound_in(range);
  std::erase_if(unknown, [&](const auto& use) { return sources.builtins.contains(use.name); });
  if (unknown.empty()) return {};
  const auto imported = imported_names(sources);
  const auto outside = table.unbound_outside(sources.function.empty() ? range : sources.function);
  const bool wide = is_workspace_wide(sources.language);
  std::erase_if(unknown, [&](const auto& use) {
    return imported.contains(use.name) || outside.contains(use.name) ||
           (wide && workspace_knows(sources.index, use.name));
  });
  return unknown;
}

}  // namespace rondo::assist
