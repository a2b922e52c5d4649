#include "workspace/symbol_name.h"

#include <algorithm>

#include "base/characters.h"

namespace rondo::workspace {
namespace {

// With what some languages allow in names beside words: ~T, $x, #private, set!, empty?, a-b.
bool is_name_byte(char c) {
  return is_word_byte(c) || std::string_view("~$#!?@-").find(c) != std::string_view::npos;
}

// "int *(*f(int))[3]": function, pointer and array declarators around f.
TSNode innermost_declarator(TSNode node) {
  constexpr std::string_view kField = "declarator";
  while (std::string_view(ts_node_type(node)) != "operator_cast") {
    TSNode inner = ts_node_child_by_field_name(node, kField.data(), kField.size());
    const bool wraps = std::string_view(ts_node_type(node)).ends_with("_declarator");
    const uint32_t n_children = ts_node_named_child_count(node);
    // References and parentheses do not name their field.
    if (ts_node_is_null(inner) && wraps && n_children > 0) {
      inner = ts_node_named_child(node, n_children - 1);
    }
    if (ts_node_is_null(inner)) break;
    node = inner;
  }
  return node;
}

}  // namespace

std::vector<std::string> split_symbol(std::string_view text) {
  constexpr std::string_view kOperator = "operator";
  std::vector<std::string> parts;
  std::string part;
  const auto end_part = [&] {
    if (!part.empty()) parts.push_back(std::move(part));
    part.clear();
  };
  int depth = 0;  // of template arguments
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("->")) {  // closes no template argument
      ++i;
      continue;
    }
    if (c == '<' || (c == '[' && !part.empty())) ++depth;
    if ((c == '>' || c == ']') && depth > 0) --depth;
    if (depth > 0) continue;
    if (part.empty() && rest.starts_with(kOperator) && rest.size() > kOperator.size() &&
        !is_word_byte(rest[kOperator.size()])) {
      const size_t parameters = rest.find('(', rest.starts_with("operator()") ? 10 : 0);
      part = rest.substr(0, parameters);
      break;
    }
    if (c == ':' || c == '.') end_part();
    if (c == ' ' || c == '\n' || c == '\t') part.clear();  // "dyn Shape"
    if (is_name_byte(c)) part += c;
  }
  end_part();
  return parts;
}

std::vector<std::string> symbol_of(TSNode node, const Text& text) {
  node = innermost_declarator(node);
  return split_symbol(
      text.slice({.begin = ts_node_start_byte(node), .end = ts_node_end_byte(node)}));
}

}  // namespace rondo::workspace
