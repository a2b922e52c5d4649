#include "assist/kept_tests.h"

#include <tree_sitter/api.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/characters.h"
#include "workspace/languages.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {
namespace {

struct Definition {
  std::string name;
  workspace::ByteRange bytes;  // with its decorators
};

bool is_test_name(std::string_view name) {
  return name.starts_with("test_") || name.starts_with("Test");
}

// What is defined at the left edge and is a test by its name.
std::vector<Definition> tests_in(const workspace::SyntaxTree& tree) {
  std::vector<Definition> tests;
  const TSNode root = ts_tree_root_node(tree.tree.get());
  for (uint32_t i = 0; i < ts_node_named_child_count(root); ++i) {
    const TSNode node = ts_node_named_child(root, i);
    const TSNode inner = ts_node_child_by_field_name(node, "definition", 10);
    const TSNode named =
        ts_node_child_by_field_name(ts_node_is_null(inner) ? node : inner, "name", 4);
    if (ts_node_is_null(named)) continue;
    std::string name(tree.text->slice({ts_node_start_byte(named), ts_node_end_byte(named)}));
    if (!is_test_name(name)) continue;
    tests.push_back({std::move(name), {ts_node_start_byte(node), ts_node_end_byte(node)}});
  }
  return tests;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

bool defines(std::string_view text, const std::string& name) {
  return has(text, "def " + name + "(") || has(text, "class " + name + ":") ||
         has(text, "class " + name + "(");
}

}  // namespace

KeptTests keep_tests(const std::string& code, std::string_view tested, std::string_view before,
                     const std::function<bool(const std::string& name)>& passes) {
  KeptTests kept = {.code = code};
  const auto text = std::make_shared<const workspace::Text>(code);
  workspace::Parser parser;
  const auto tree = parser.parse(*workspace::language_by_id("python"), text, nullptr, {});
  if (!tree.ok()) return kept;
  const std::vector<Definition> tests = tests_in(*tree);
  kept.n_written = static_cast<int64_t>(tests.size());
  for (auto test = tests.rbegin(); test != tests.rend(); ++test) {
    const std::string_view body = text->slice(test->bytes);
    const bool checks =
        (has(body, "assert") || has(body, "raises(")) && has(body, std::string(tested) + "(");
    if (checks && !defines(before, test->name) && passes(test->name)) {
      kept.names.insert(kept.names.begin(), test->name);
    } else {
      // With the blank lines behind it.
      const auto begin = static_cast<size_t>(test->bytes.begin);
      const size_t end = code.find_first_not_of(" \n", static_cast<size_t>(test->bytes.end));
      kept.code.erase(begin, std::min(end, code.size()) - begin);
    }
  }
  kept.code = std::string(trimmed(kept.code, " \n"));
  return kept;
}

}  // namespace rondo::assist
