// References: the names that code calls and those that it uses as types, found by a language's
// query, workspace/queries/*/references.scm. Its captures:
//
//   @call   a function, method or macro that is called, a class that is constructed, a decorator
//   @type   a name used as a type
//
// A captured "a::b<T>" means b. Names of fewer than 3 bytes are left out: they say nothing.
//
// Thread: any; a ReferenceQuery is immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workspace/block.h"
#include "workspace/syntax_query.h"
#include "workspace/syntax_tree.h"

namespace rondo::workspace {

enum class ReferenceKind { kCall, kType };

struct Reference {
  ReferenceKind kind = ReferenceKind::kCall;
  std::string name;
  int64_t offset = 0;  // of what was captured, in the text

  bool operator==(const Reference&) const = default;
};

// What Block::references has for a name.
uint64_t name_hash(std::string_view name);

class ReferenceQuery {
 public:
  // REQUIRES: language.grammar.
  explicit ReferenceQuery(const Language& language);

  // The references that begin in `range`, in the order of the text. REQUIRES: `tree` is of the
  // query's language.
  std::vector<Reference> in(const SyntaxTree& tree, ByteRange range,
                            const QueryCursor& cursor) const;

 private:
  SyntaxQuery query_;
  std::vector<ReferenceKind> kinds_;  // by tree-sitter's capture id
};

// Fills Block::references. A Block of `before`, the Blocks of tree.before's text, that nothing
// changed in keeps those it had: only the others are looked at. `before` may be empty.
void add_references(const SyntaxTree& tree, const ReferenceQuery& query,
                    const std::vector<Block>& before, std::vector<Block>& blocks);

}  // namespace rondo::workspace
