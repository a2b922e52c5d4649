#include "assist/touched_blocks.h"

#include <set>
#include <utility>

namespace rondo::assist {
namespace {

std::string title_of(const workspace::Block& block) {
  if (!block.qualified_name.empty()) return block.qualified_name;
  if (!block.name.empty()) return block.name;
  return "lines " + std::to_string(block.first_line + 1) + "-" +
         std::to_string(block.last_line + 1);
}

}  // namespace

std::vector<std::string> touched_blocks(const Rewrite& made, const workspace::Text& text,
                                        const std::vector<workspace::Block>& blocks) {
  std::set<int64_t> lines;
  for (const Change& change : made.changes) lines.insert(text.line_at(change.before.begin));
  for (const RecipeHole& hole : made.open) lines.insert(hole.line - 1);
  std::vector<std::string> titles;
  for (const workspace::Block& block : blocks) {
    const auto first = lines.lower_bound(block.first_line);
    if (first == lines.end() || *first > block.last_line) continue;
    std::string title = title_of(block);
    if (titles.empty() || titles.back() != title) titles.push_back(std::move(title));
  }
  return titles;
}

}  // namespace rondo::assist
