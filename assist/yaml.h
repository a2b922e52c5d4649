// YAML behind functions that return Status: libyaml's events as a tree that knows its lines, for
// files that people write. Anchors, aliases, tags and keys that are named twice are refused: what
// such a file says should be seen where it is said.
//
// Thread: pure functions and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::assist {

struct YamlField;

struct YamlNode {
  enum class Kind {
    kText,  // numbers, true and null, too: whoever wants one reads it
    kList,
    kMap,
  };

  Kind kind = Kind::kText;
  std::string text;
  std::vector<YamlNode> items;    // kList
  std::vector<YamlField> fields;  // kMap, as written
  int64_t line = 0;               // counted from 1
  int64_t text_line = 0;  // the line of the text's first character: a block's is the one behind "|"

  // Null when this is no map, or has no such field.
  const YamlNode* find(std::string_view key) const;
};

struct YamlField {
  std::string name;
  YamlNode value;
};

// The one document in `text`. `what` names it in errors: "what:line: ...".
// Errors: InvalidArgument.
Result<YamlNode> parse_yaml(std::string_view text, std::string_view what);

}  // namespace rondo::assist
