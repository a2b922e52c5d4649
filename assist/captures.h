// What a pattern of a recipe has captured in a text.
//
// Thread: values; the nodes live as long as their tree.
#pragma once

#include <tree_sitter/api.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workspace/text.h"

namespace rondo::assist {

struct Capture {
  std::string_view name;  // the recipe's
  workspace::ByteRange range;
  std::optional<TSNode> node;  // nothing where a regular expression matched
};

inline workspace::ByteRange range_of(TSNode node) {
  return {.begin = ts_node_start_byte(node), .end = ts_node_end_byte(node)};
}

inline std::string_view slice(std::string_view text, workspace::ByteRange range) {
  return text.substr(static_cast<size_t>(range.begin), static_cast<size_t>(range.size()));
}

inline std::string_view text_of(TSNode node, std::string_view text) {
  return slice(text, range_of(node));
}

inline std::string_view type_of(TSNode node) { return ts_node_type(node); }

class Captures {
 public:
  void add(Capture capture) { all_.push_back(capture); }
  const std::vector<Capture>& all() const { return all_; }

  // Those of one name, in the order of the text: a pattern may capture several.
  std::vector<Capture> named(std::string_view name) const {
    std::vector<Capture> found;
    for (const Capture& capture : all_) {
      if (capture.name == name) found.push_back(capture);
    }
    return found;
  }

  // From the first to the last of that name; nothing when there is none.
  std::optional<workspace::ByteRange> range(std::string_view name) const {
    std::optional<workspace::ByteRange> range;
    for (const Capture& capture : all_) {
      if (capture.name != name) continue;
      if (!range) range = capture.range;
      range->begin = std::min(range->begin, capture.range.begin);
      range->end = std::max(range->end, capture.range.end);
    }
    return range;
  }

 private:
  std::vector<Capture> all_;
};

}  // namespace rondo::assist
