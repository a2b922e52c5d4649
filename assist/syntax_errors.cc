#include "assist/syntax_errors.h"

#include <tree_sitter/api.h>

namespace rondo::assist {
namespace {

// Calls found(node) for each of them in the order of the text, until it returns false.
template <typename Found>
void find_errors(const workspace::SyntaxTree& tree, Found found) {
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree.tree.get()));
  for (bool more = true; more;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    if ((ts_node_is_error(node) || ts_node_is_missing(node)) && !found(node)) break;
    // Only where there is one inside.
    if (ts_node_has_error(node) && ts_tree_cursor_goto_first_child(&cursor)) continue;
    while (!(more = ts_tree_cursor_goto_next_sibling(&cursor))) {
      if (!ts_tree_cursor_goto_parent(&cursor)) break;
    }
  }
  ts_tree_cursor_delete(&cursor);
}

}  // namespace

int64_t count_syntax_errors(const workspace::SyntaxTree& tree) {
  int64_t n_errors = 0;
  find_errors(tree, [&](TSNode) { return ++n_errors > 0; });
  return n_errors;
}

bool has_syntax_error(const workspace::SyntaxTree& tree, workspace::ByteRange range) {
  bool found = false;
  find_errors(tree, [&](TSNode node) {
    found = ts_node_start_byte(node) <= range.end && ts_node_end_byte(node) >= range.begin;
    return !found;
  });
  return found;
}

std::optional<int64_t> first_syntax_error(const workspace::SyntaxTree& tree) {
  std::optional<int64_t> first;
  find_errors(tree, [&](TSNode node) {
    first = ts_node_start_byte(node);
    return false;
  });
  return first;
}

}  // namespace rondo::assist
