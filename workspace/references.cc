#include "workspace/references.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "workspace/symbol_name.h"

namespace rondo::workspace {
namespace {

constexpr size_t kMinBytes = 3;  // as for identifiers (identifiers.h)

bool is_plain_name(std::string_view name) { return name.find_first_of(":<. \n~") == name.npos; }

// The Blocks' own names are no references: a function that calls itself is not its caller.
bool defines(const Block& block, std::string_view name) {
  return block.name == name ||
         std::find(block.defines.begin(), block.defines.end(), name) != block.defines.end();
}

// Adds what lies in blocks[first, last). One question for all of them: asking costs more than
// looking at a few Blocks too many.
void look_at(const SyntaxTree& tree, const ReferenceQuery& query, const QueryCursor& cursor,
             std::span<Block> blocks) {
  auto block = blocks.begin();
  const ByteRange range = {.begin = blocks.front().bytes.begin, .end = blocks.back().bytes.end};
  for (const Reference& reference : query.in(tree, range, cursor)) {
    while (block != blocks.end() && block->bytes.end <= reference.offset) ++block;
    if (block == blocks.end()) break;
    if (reference.offset < block->bytes.begin || defines(*block, reference.name)) continue;
    block->references.push_back(name_hash(reference.name));
  }
  for (Block& looked_at : blocks) {
    std::vector<uint64_t>& hashes = looked_at.references;
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    hashes.shrink_to_fit();
  }
}

// The Block of `before` that `block` was; nullptr when anything changed in it.
const Block* same_before(const SyntaxTree& tree, const std::vector<Block>& before,
                         const Block& block) {
  if (tree.changed.empty()) return nullptr;
  int64_t shift = 0;
  for (const ByteRange& changed : tree.changed) {
    if (block.bytes.begin <= changed.end && changed.begin <= block.bytes.end) return nullptr;
  }
  if (block.bytes.begin > tree.edit.inserted.begin) {
    shift = tree.edit.inserted.end - tree.edit.removed.end;
  }
  const int64_t begin = block.bytes.begin - shift;
  const auto it = std::lower_bound(
      before.begin(), before.end(), begin,
      [](const Block& other, int64_t offset) { return other.bytes.begin < offset; });
  const bool same = it != before.end() && it->bytes.begin == begin && it->hash == block.hash &&
                    it->name == block.name && it->defines == block.defines;
  return same ? &*it : nullptr;
}

}  // namespace

uint64_t name_hash(std::string_view name) { return hash_text(name).low; }

ReferenceQuery::ReferenceQuery(const Language& language) : query_(language, "references") {
  for (const std::string& name : query_.capture_names()) {
    CHECK(name == "call" || name == "type", "references are captured as call or type");
    kinds_.push_back(name == "call" ? ReferenceKind::kCall : ReferenceKind::kType);
  }
}

std::vector<Reference> ReferenceQuery::in(const SyntaxTree& tree, ByteRange range,
                                          const QueryCursor& cursor) const {
  std::vector<Reference> references;
  ts_query_cursor_set_max_start_depth(cursor.get(), UINT32_MAX);
  ts_query_cursor_set_byte_range(cursor.get(), static_cast<uint32_t>(range.begin),
                                 static_cast<uint32_t>(range.end));
  ts_query_cursor_exec(cursor.get(), query_.get(), ts_tree_root_node(tree.tree.get()));
  TSQueryMatch match;
  for (uint32_t i = 0; ts_query_cursor_next_capture(cursor.get(), &match, &i);) {
    const auto [node, id] = match.captures[i];
    const int64_t begin = ts_node_start_byte(node);
    if (begin < range.begin || begin >= range.end) continue;
    std::string name(tree.text->slice({.begin = begin, .end = ts_node_end_byte(node)}));
    if (!is_plain_name(name)) {
      std::vector<std::string> parts = split_symbol(name);
      name = parts.empty() ? "" : std::move(parts.back());
    }
    if (name.size() < kMinBytes) continue;
    references.push_back({.kind = kinds_[id], .name = std::move(name), .offset = begin});
  }
  return references;
}

void add_references(const SyntaxTree& tree, const ReferenceQuery& query,
                    const std::vector<Block>& before, std::vector<Block>& blocks) {
  const QueryCursor cursor;
  for (size_t first = 0; first < blocks.size();) {
    if (const Block* same = same_before(tree, before, blocks[first])) {
      blocks[first++].references = same->references;
      continue;
    }
    size_t last = first + 1;
    while (last < blocks.size() && same_before(tree, before, blocks[last]) == nullptr) ++last;
    look_at(tree, query, cursor, std::span(blocks).subspan(first, last - first));
    first = last;
  }
}

}  // namespace rondo::workspace
