#include "assist/import_edits.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "assist/captures.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

using workspace::ByteRange;
using workspace::SyntaxTree;

// Adds the words of a text: a string may be an annotation, or a name in __all__.
void add_words(std::string_view text, std::set<std::string, std::less<>>& words) {
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && is_word_byte(text[end])) ++end;
    if (end > i) words.emplace(text.substr(i, end - i));
    i = std::max(end, i + 1);
  }
}

bool is_import(std::string_view type) {
  return type == "import_statement" || type == "import_from_statement" ||
         type == "future_import_statement";
}

TSNode field(TSNode node, std::string_view name) {
  return ts_node_child_by_field_name(node, name.data(), static_cast<uint32_t>(name.size()));
}

// What one import statement binds.
struct Binding {
  TSNode node;  // a dotted_name or an aliased_import
  std::string module;
  std::string name;
};

struct ImportStatement {
  TSNode node;
  std::vector<Binding> bindings;
};

// The import statements of a file and the names that the rest of it uses.
struct Usage {
  std::vector<ImportStatement> imports;
  std::set<std::string, std::less<>> names;
};

ImportStatement import_of(TSNode node, std::string_view text) {
  ImportStatement made{.node = node, .bindings = {}};
  const TSNode from = field(node, "module_name");
  for (uint32_t i = 0; i < ts_node_named_child_count(node); ++i) {
    const TSNode child = ts_node_named_child(node, i);
    const bool aliased = type_of(child) == "aliased_import";
    if (!aliased && type_of(child) != "dotted_name") continue;
    if (!ts_node_is_null(from) && ts_node_eq(child, from)) continue;
    const std::string what(text_of(aliased ? field(child, "name") : child, text));
    Binding binding{.node = child, .module = what, .name = what};
    if (aliased) binding.name = text_of(field(child, "alias"), text);
    if (!ts_node_is_null(from)) binding.module = text_of(from, text);
    made.bindings.push_back(std::move(binding));
  }
  return made;
}

// Calls `visit` for every node of `tree` that is in none for which it returned false.
template <typename Visit>
void walk(const SyntaxTree& tree, Visit visit) {
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree.tree.get()));
  for (bool more = true; more;) {
    if (visit(ts_tree_cursor_current_node(&cursor)) && ts_tree_cursor_goto_first_child(&cursor)) {
      continue;
    }
    while (!(more = ts_tree_cursor_goto_next_sibling(&cursor))) {
      if (!ts_tree_cursor_goto_parent(&cursor)) break;
    }
  }
  ts_tree_cursor_delete(&cursor);
}

// x in `a.x` and in `f(x=1)` is no name that an import binds.
bool is_member(TSNode node) {
  const TSNode parent = ts_node_parent(node);
  if (ts_node_is_null(parent)) return false;
  const std::string_view type = type_of(parent);
  const TSNode own = field(parent, type == "attribute" ? "attribute" : "name");
  return (type == "attribute" || type == "keyword_argument") && !ts_node_is_null(own) &&
         ts_node_eq(own, node);
}

Usage usage_of(const SyntaxTree& tree) {
  Usage usage;
  const std::string& text = tree.text->bytes();
  walk(tree, [&](TSNode node) {
    const std::string_view type = type_of(node);
    if (is_import(type)) {
      usage.imports.push_back(import_of(node, text));
      return false;
    }
    if (type == "string_content") add_words(text_of(node, text), usage.names);
    if (type == "identifier" && !is_member(node)) usage.names.emplace(text_of(node, text));
    return true;
  });
  return usage;
}

// Whether nothing else stands on the lines of `node`, so that the lines can go.
bool has_own_lines(TSNode node, std::string_view text) {
  const ByteRange range = range_of(node);
  const size_t begin = range.begin == 0 ? 0 : text.rfind('\n', range.begin - 1) + 1;
  const size_t end = std::min(text.find('\n', range.end), text.size());
  return text.substr(begin, range.begin - begin).find_first_not_of(" \t") == text.npos &&
         text.substr(range.end, end - range.end).find_first_not_of(" \t\r") == text.npos;
}

bool is_alone_in_block(TSNode node) {
  const TSNode parent = ts_node_parent(node);
  return type_of(parent) == "block" && ts_node_named_child_count(parent) == 1;
}

TextEdit removal_of_lines(TSNode node, std::string_view text) {
  const ByteRange range = range_of(node);
  const size_t begin = range.begin == 0 ? 0 : text.rfind('\n', range.begin - 1) + 1;
  const size_t end = text.find('\n', range.end);
  return {.range = {.begin = static_cast<int64_t>(begin),
                    .end = static_cast<int64_t>(end == text.npos ? text.size() : end + 1)},
          .with = ""};
}

// Takes the `gone` of a statement's names out of its list.
std::vector<TextEdit> removal_of_names(const ImportStatement& statement,
                                       const std::vector<bool>& gone) {
  std::vector<TextEdit> edits;
  int64_t kept_end = -1;  // of the last name that stays
  for (size_t i = 0; i < statement.bindings.size(); ++i) {
    const ByteRange range = range_of(statement.bindings[i].node);
    if (!gone[i]) {
      kept_end = range.end;
    } else if (i + 1 < statement.bindings.size() && kept_end < 0) {
      edits.push_back({.range = {range.begin, range_of(statement.bindings[i + 1].node).begin}});
    } else {
      const int64_t begin = range_of(statement.bindings[i - 1].node).end;
      edits.push_back({.range = {begin, range.end}});
    }
  }
  return edits;
}

bool has_comment(TSNode node) {
  for (uint32_t i = 0; i < ts_node_named_child_count(node); ++i) {
    if (type_of(ts_node_named_child(node, i)) == "comment") return true;
  }
  return false;
}

// Drops what `statement` imports of `module` and only `before` used.
std::vector<TextEdit> dropped(const std::string& module, const ImportStatement& statement,
                              const Usage& before, const Usage& after, std::string_view text) {
  std::vector<bool> gone;
  for (const Binding& binding : statement.bindings) {
    gone.push_back(binding.module == module && before.names.contains(binding.name) &&
                   !after.names.contains(binding.name));
  }
  const auto n_gone = static_cast<size_t>(std::count(gone.begin(), gone.end(), true));
  if (n_gone == 0 || has_comment(statement.node)) return {};
  if (n_gone < gone.size()) return removal_of_names(statement, gone);
  if (is_alone_in_block(statement.node))
    return {{.range = range_of(statement.node), .with = "pass"}};
  if (!has_own_lines(statement.node, text)) return {};
  return {removal_of_lines(statement.node, text)};
}

// Where a new import goes: behind the imports that the file begins with.
struct Place {
  int64_t offset = 0;
  bool behind = false;  // at the end of a line, else at the beginning of one
};

Place place_for_import(const SyntaxTree& tree) {
  const std::string& text = tree.text->bytes();
  const TSNode root = ts_tree_root_node(tree.tree.get());
  std::optional<TSNode> last;
  std::optional<TSNode> first_statement;
  for (uint32_t i = 0; i < ts_node_named_child_count(root); ++i) {
    const TSNode child = ts_node_named_child(root, i);
    const std::string_view type = type_of(child);
    if (type == "comment") continue;
    const bool docstring = !first_statement && type == "expression_statement" &&
                           type_of(ts_node_named_child(child, 0)) == "string";
    if (!first_statement) first_statement = child;
    if (!docstring && !is_import(type)) {
      const bool shares_line =
          last && ts_node_start_point(child).row == ts_node_end_point(*last).row;
      if (shares_line) return {.offset = static_cast<int64_t>(ts_node_start_byte(*last))};
      break;
    }
    last = child;
  }
  if (!last) {
    return {.offset = first_statement ? static_cast<int64_t>(ts_node_start_byte(*first_statement))
                                      : static_cast<int64_t>(text.size())};
  }
  size_t end = std::min(text.find('\n', ts_node_end_byte(*last)), text.size());
  if (end > 0 && text[end - 1] == '\r') --end;
  return {.offset = static_cast<int64_t>(end), .behind = true};
}

bool binds(const Usage& usage, const SyntaxTree& tree, std::string_view name) {
  return std::any_of(usage.imports.begin(), usage.imports.end(), [&](const ImportStatement& i) {
    if (type_of(ts_node_parent(i.node)) != "module") return false;
    return std::any_of(i.bindings.begin(), i.bindings.end(), [&](const Binding& binding) {
      return binding.name.substr(0, binding.name.find('.')) == name;
    });
  });
}

}  // namespace

std::vector<TextEdit> import_edits(const std::vector<ImportEdit>& imports,
                                   const SyntaxTree& before_tree, const SyntaxTree& after_tree) {
  if (imports.empty()) return {};
  const Usage before = usage_of(before_tree);
  const Usage after = usage_of(after_tree);
  const std::string& text = after_tree.text->bytes();
  const bool crlf = text.find("\r\n") != text.npos;
  const std::string line_end = crlf ? "\r\n" : "\n";
  std::vector<TextEdit> edits;
  std::string added;
  for (const ImportEdit& edit : imports) {
    if (edit.kind == ImportEdit::Kind::kEnsure) {
      if (!after.names.contains(edit.name) || binds(after, after_tree, edit.name)) continue;
      added += added.empty() ? edit.what : line_end + edit.what;
      continue;
    }
    for (const ImportStatement& statement : after.imports) {
      for (TextEdit& drop : dropped(edit.what, statement, before, after, text)) {
        edits.push_back(std::move(drop));
      }
    }
  }
  if (!added.empty()) {
    const Place place = place_for_import(after_tree);
    edits.push_back({.range = {place.offset, place.offset},
                     .with = place.behind ? line_end + added : added + line_end});
  }
  std::stable_sort(edits.begin(), edits.end(), [](const TextEdit& a, const TextEdit& b) {
    return a.range.begin < b.range.begin;
  });
  // An insertion behind a line that goes takes its place.
  for (size_t i = 0; i + 1 < edits.size(); ++i) {
    if (!conflict(edits[i], edits[i + 1])) continue;
    const bool inserts = edits[i + 1].range.empty();
    const std::string with = added + line_end;
    if (inserts) edits[i].with += with;
    edits.erase(edits.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
  return edits;
}

}  // namespace rondo::assist
