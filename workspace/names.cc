#include "workspace/names.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace rondo::workspace {
namespace {

ByteRange range_of(TSNode node) { return {ts_node_start_byte(node), ts_node_end_byte(node)}; }

bool contains(ByteRange outer, ByteRange inner) {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

}  // namespace

std::vector<UsedName> NameTable::unbound_in(ByteRange range) const {
  std::vector<UsedName> unbound;
  for (const Name& name : names_) {
    if (name.kind == Kind::kUse && range.overlaps(name.bytes) && !is_bound(name))
      unbound.push_back({name.name, name.bytes});
  }
  return unbound;
}

std::vector<std::string> NameTable::bound_at(int64_t offset) const {
  std::vector<std::string> bound;
  const int32_t inner = innermost({offset, offset});
  for (int32_t scope = inner; scope >= 0; scope = scopes_[scope].parent) {
    if (scopes_[scope].is_class && scope != inner) continue;
    for (const Name& name : names_) {
      const bool binds = name.kind == Kind::kBind || name.kind == Kind::kDefine;
      if (binds && name.scope == scope &&
          std::find(bound.begin(), bound.end(), name.name) == bound.end())
        bound.push_back(name.name);
    }
  }
  return bound;
}

std::unordered_set<std::string> NameTable::unbound_outside(ByteRange range) const {
  std::unordered_set<std::string> unbound;
  for (const Name& name : names_) {
    const bool outside = name.bytes.end <= range.begin || name.bytes.begin >= range.end;
    if (name.kind == Kind::kUse && outside && !is_bound(name)) unbound.insert(name.name);
  }
  return unbound;
}

// Gives every scope its parent. They lie in one another or apart.
void NameTable::place_scopes() {
  std::stable_sort(scopes_.begin(), scopes_.end(), [](const Scope& a, const Scope& b) {
    return std::pair(a.bytes.begin, -a.bytes.end) < std::pair(b.bytes.begin, -b.bytes.end);
  });
  std::vector<int32_t> around;
  for (int32_t i = 0; i < static_cast<int32_t>(scopes_.size()); ++i) {
    while (!around.empty() && !contains(scopes_[around.back()].bytes, scopes_[i].bytes))
      around.pop_back();
    scopes_[i].parent = around.empty() ? -1 : around.back();
    around.push_back(i);
  }
}

int32_t NameTable::innermost(ByteRange bytes) const {
  // The last scope that begins before it, or one around that.
  const auto behind =
      std::upper_bound(scopes_.begin(), scopes_.end(), bytes.begin,
                       [](int64_t begin, const Scope& scope) { return begin < scope.bytes.begin; });
  auto scope = static_cast<int32_t>(behind - scopes_.begin()) - 1;
  while (scope > 0 && !contains(scopes_[scope].bytes, bytes)) scope = scopes_[scope].parent;
  return std::max(scope, 0);
}

void NameTable::bind_names() {
  for (Name& name : names_) {
    name.scope = innermost(name.bytes);
    if (name.kind == Kind::kDefine && name.scope > 0) name.scope = scopes_[name.scope].parent;
    if (name.kind == Kind::kBind || name.kind == Kind::kDefine)
      scopes_[name.scope].bound.insert(name.name);
  }
}

bool NameTable::is_bound(const Name& use) const {
  for (int32_t scope = use.scope; scope >= 0; scope = scopes_[scope].parent) {
    if (scopes_[scope].is_class && scope != use.scope) continue;
    if (scopes_[scope].bound.contains(use.name)) return true;
  }
  return false;
}

NameQuery::NameQuery(const Language& language) : query_(language, "names") {}

NameTable NameQuery::table_of(const SyntaxTree& tree, const QueryCursor& cursor) const {
  using Kind = NameTable::Kind;
  NameTable table;
  table.scopes_.push_back({.bytes = {0, tree.text->size()}});
  std::map<int64_t, std::pair<ByteRange, Kind>> names;  // by where they begin
  const auto add = [&](ByteRange bytes, Kind kind) {
    const auto [it, is_new] = names.try_emplace(bytes.begin, bytes, kind);
    if (!is_new) it->second.second = std::max(it->second.second, kind);
  };

  ts_query_cursor_set_max_start_depth(cursor.get(), UINT32_MAX);
  ts_query_cursor_set_byte_range(cursor.get(), 0, static_cast<uint32_t>(tree.text->size()));
  ts_query_cursor_exec(cursor.get(), query_.get(), ts_tree_root_node(tree.tree.get()));
  TSQueryMatch match;
  uint32_t index = 0;
  while (ts_query_cursor_next_capture(cursor.get(), &match, &index)) {
    const TSQueryCapture& capture = match.captures[index];
    const ByteRange bytes = range_of(capture.node);
    const std::string& name = query_.capture_names()[capture.index];
    if (name == "use") add(bytes, Kind::kUse);
    if (name == "bind") add(bytes, Kind::kBind);
    if (name == "define") add(bytes, Kind::kDefine);
    if (name == "member") add(bytes, Kind::kMember);
    if (name == "scope") table.scopes_.push_back({.bytes = bytes});
    if (name == "class") table.scopes_.push_back({.bytes = bytes, .is_class = true});
    if (name == "everything") table.imports_everything_ = true;
  }
  for (const auto& [begin, found] : names) {
    const auto& [bytes, kind] = found;
    table.names_.push_back({std::string(tree.text->slice(bytes)), bytes, kind});
  }
  table.place_scopes();
  table.bind_names();
  return table;
}

bool has_names(const Language& language) { return !query_text(language, "names").empty(); }

std::unordered_set<std::string> builtin_names(const Language& language) {
  std::unordered_set<std::string> names;
  std::istringstream lines(query_text(language, "builtins"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) names.insert(word);
  }
  return names;
}

const NameQueries::Entry& NameQueries::entry(const Language& language) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<const Entry>& entry = entries_[&language];
  if (entry == nullptr)
    entry = std::make_unique<const Entry>(Entry{NameQuery(language), builtin_names(language)});
  return *entry;
}

}  // namespace rondo::workspace
