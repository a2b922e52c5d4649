#include "assist/branches.h"

#include <tree_sitter/api.h>

#include <string_view>

namespace rondo::assist {
namespace {

using workspace::ByteRange;

constexpr std::string_view kBlanks = " \t\r\n";

bool is_branch_field(TSNode parent, uint32_t child) {
  if (std::string_view(ts_node_type(parent)) == "else_clause") return true;
  const char* field = ts_node_field_name_for_child(parent, child);
  if (field == nullptr) return false;
  const std::string_view name(field);
  return name == "body" || name == "consequence" || name == "alternative";
}

// Without braces, and the blanks inside them.
ByteRange statements_of(const workspace::Text& text, ByteRange block) {
  std::string_view inside = text.slice(block);
  if (inside.starts_with('{') && inside.ends_with('}') && inside.size() >= 2) {
    ++block.begin;
    inside = inside.substr(1, inside.size() - 2);
  }
  const size_t first = inside.find_first_not_of(kBlanks);
  if (first == inside.npos) return {block.begin, block.begin};
  const size_t last = inside.find_last_not_of(kBlanks);
  return {block.begin + static_cast<int64_t>(first), block.begin + static_cast<int64_t>(last) + 1};
}

// Whether the node is a block of statements and not, say, the next condition of an else-if.
bool is_block(TSNode node) {
  const std::string_view type = ts_node_type(node);
  return type.ends_with("block") || type == "compound_statement";
}

class Walk {
 public:
  Walk(const workspace::Text& text, ByteRange range) : text_(text), range_(range) {}

  void children_of(TSNode parent) {
    for (uint32_t i = 0; i < ts_node_child_count(parent); ++i) {
      const TSNode node = ts_node_child(parent, i);
      const ByteRange bytes = {ts_node_start_byte(node), ts_node_end_byte(node)};
      if (!bytes.overlaps(range_)) continue;
      const bool inside = ts_node_start_byte(parent) >= range_.begin && bytes.end <= range_.end;
      if (inside && is_block(node) && is_branch_field(parent, i)) {
        add(parent, bytes);
      } else {
        children_of(node);
      }
    }
  }

  std::vector<Branch> found;

 private:
  void add(TSNode parent, ByteRange block) {
    const ByteRange body = statements_of(text_, block);
    if (!body.empty()) found.push_back({body, text_.line_at(ts_node_start_byte(parent))});
  }

  const workspace::Text& text_;
  const ByteRange range_;
};

}  // namespace

std::vector<Branch> branches_in(const workspace::SyntaxTree& tree, ByteRange range) {
  Walk walk(*tree.text, range);
  walk.children_of(ts_tree_root_node(tree.tree.get()));
  return std::move(walk.found);
}

}  // namespace rondo::assist
