#include "assist/syntax_errors.h"

#include <tree_sitter/api.h>

namespace rondo::assist {

int64_t count_syntax_errors(const workspace::SyntaxTree& tree) {
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree.tree.get()));
  int64_t n_errors = 0;
  for (bool more = true; more;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    if (ts_node_is_error(node) || ts_node_is_missing(node)) ++n_errors;
    // Only where there is one inside.
    if (ts_node_has_error(node) && ts_tree_cursor_goto_first_child(&cursor)) continue;
    while (!(more = ts_tree_cursor_goto_next_sibling(&cursor))) {
      if (!ts_tree_cursor_goto_parent(&cursor)) break;
    }
  }
  ts_tree_cursor_delete(&cursor);
  return n_errors;
}

}  // namespace rondo::assist
