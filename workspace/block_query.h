// BlockQuery: a language's compiled block query, and what it finds among the children of a tree
// node.
//
// Thread: a BlockQuery belongs to one thread (it holds a cursor).
#pragma once

#include <tree_sitter/api.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "workspace/languages.h"
#include "workspace/references.h"
#include "workspace/syntax_query.h"
#include "workspace/text.h"

namespace rondo::workspace {

// What the captures of a query say (chunker.h). The first six are kinds of items, in order of
// precedence when several patterns match one node.
enum class Capture { kFunction, kClass, kType, kScope, kDefine, kAttached, kName, kOwner, kBody };

// A child of a container that some pattern matched.
struct Item {
  TSNode node;
  Capture kind = Capture::kAttached;
  ByteRange bytes;              // without line ends at its end
  std::optional<TSNode> name;   // of the pattern that gave the kind
  std::optional<TSNode> owner;  // qualifies the name
  std::optional<TSNode> body;
  std::vector<TSNode> defines;  // names by other patterns, or further ones by the same
};

class BlockQuery {
 public:
  // REQUIRES: language.grammar.
  explicit BlockQuery(const Language& language);

  // The children of `container` that the query knows, in the order of the text.
  std::vector<Item> items_of(TSNode container, const Text& text, const QueryCursor& cursor) const;

 private:
  SyntaxQuery query_;
  std::vector<Capture> captures_;  // by tree-sitter's capture id
};

// The queries of all languages, each compiled when first asked for: that takes up to 40 ms (C++),
// whatever is in the query, since tree-sitter reads the grammar's whole table; so threads share
// them.
class BlockQueries {
 public:
  // REQUIRES: language.grammar.
  const BlockQuery& of(const Language& language);
  const ReferenceQuery& references_of(const Language& language);

 private:
  std::mutex mutex_;
  // Both are guarded by mutex_.
  std::map<const Language*, std::unique_ptr<const BlockQuery>> queries_;
  std::map<const Language*, std::unique_ptr<const ReferenceQuery>> reference_queries_;
};

}  // namespace rondo::workspace
