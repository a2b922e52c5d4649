#include "workspace/block_query.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/check.h"

namespace rondo::workspace {
namespace {

constexpr std::array<std::pair<std::string_view, Capture>, 9> kCaptureNames = {{
    {"function", Capture::kFunction},
    {"class", Capture::kClass},
    {"type", Capture::kType},
    {"scope", Capture::kScope},
    {"define", Capture::kDefine},
    {"attached", Capture::kAttached},
    {"name", Capture::kName},
    {"owner", Capture::kOwner},
    {"body", Capture::kBody},
}};

Capture capture_named(std::string_view name) {
  const auto it = std::find_if(kCaptureNames.begin(), kCaptureNames.end(),
                               [name](const auto& entry) { return entry.first == name; });
  CHECK(it != kCaptureNames.end(), "a block query uses only the captures of chunker.h");
  return it->second;
}

Item item_of_match(const TSQueryMatch& match, const std::vector<Capture>& captures) {
  Item item;
  for (uint16_t i = 0; i < match.capture_count; ++i) {
    const auto [node, id] = match.captures[i];
    switch (captures[id]) {
      case Capture::kName:
        item.name = node;
        break;
      case Capture::kOwner:
        item.owner = node;
        break;
      case Capture::kBody:
        item.body = node;
        break;
      default:
        item.node = node;
        item.kind = captures[id];
    }
  }
  return item;
}

// Joins what two patterns say about one node.
void merge(Item& item, Item other) {
  if (other.kind < item.kind) std::swap(item, other);
  if (item.kind == other.kind && !item.body) item.body = other.body;
  if (other.name && (!item.name || !ts_node_eq(*item.name, *other.name))) {
    item.defines.push_back(*other.name);
  }
  item.defines.insert(item.defines.end(), other.defines.begin(), other.defines.end());
}

ByteRange trimmed_bytes(TSNode node, const Text& text) {
  const int64_t begin = ts_node_start_byte(node);
  int64_t end = ts_node_end_byte(node);
  const std::string& bytes = text.bytes();
  while (end > begin && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r')) --end;
  return {.begin = begin, .end = end};
}

}  // namespace

BlockQuery::BlockQuery(const Language& language) : query_(language, "blocks") {
  for (const std::string& name : query_.capture_names()) {
    captures_.push_back(capture_named(name));
  }
}

std::vector<Item> BlockQuery::items_of(TSNode container, const Text& text,
                                       const QueryCursor& cursor) const {
  std::vector<Item> items;
  // Only the container and its children may begin a match: functions are not looked into.
  ts_query_cursor_set_max_start_depth(cursor.get(), 1);
  ts_query_cursor_exec(cursor.get(), query_.get(), container);
  for (TSQueryMatch match; ts_query_cursor_next_match(cursor.get(), &match);) {
    Item item = item_of_match(match, captures_);
    if (ts_node_eq(item.node, container)) continue;
    item.bytes = trimmed_bytes(item.node, text);
    items.push_back(std::move(item));
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.bytes.begin < b.bytes.begin; });
  std::vector<Item> merged;
  for (Item& item : items) {
    if (!merged.empty() && ts_node_eq(merged.back().node, item.node)) {
      merge(merged.back(), std::move(item));
    } else {
      merged.push_back(std::move(item));
    }
  }
  return merged;
}

namespace {

template <typename Query>
const Query& compiled(std::map<const Language*, std::unique_ptr<const Query>>& queries,
                      const Language& language) {
  std::unique_ptr<const Query>& query = queries[&language];
  if (query == nullptr) query = std::make_unique<const Query>(language);
  return *query;
}

}  // namespace

const BlockQuery& BlockQueries::of(const Language& language) {
  const std::lock_guard lock(mutex_);
  return compiled(queries_, language);
}

const ReferenceQuery& BlockQueries::references_of(const Language& language) {
  const std::lock_guard lock(mutex_);
  return compiled(reference_queries_, language);
}

}  // namespace rondo::workspace
