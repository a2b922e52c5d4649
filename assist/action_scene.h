// ActionScene: a document and a place in it, with what actions have to know of both.
//
// Thread: one at a time. Ownership: holds its document; borrows the index.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "assist/action.h"
#include "workspace/block_index.h"
#include "workspace/functions.h"
#include "workspace/names.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

struct ActionScene {
  ActionQuery query;
  ActionAbilities abilities;
  const workspace::BlockIndex& index;
  // Nothing for languages without a grammar, or when there was no time to parse.
  std::optional<workspace::SyntaxTree> tree;
  // Of languages that have a query of them.
  std::vector<workspace::Function> functions;
  bool doc_is_in_body = false;
  // Of languages that have a query of them.
  std::optional<workspace::NameTable> names;
  const std::unordered_set<std::string>* builtins = nullptr;  // with names

  const workspace::Document& document() const { return *query.document; }
  const workspace::Text& text() const { return *query.document->text; }
  // Where the cursor is, or the selection begins.
  int64_t offset() const { return query.selection.begin; }
  // The innermost function there, or nullptr.
  const workspace::Function* function() const {
    return workspace::function_at(functions, offset());
  }
};

// Queries, compiled when first asked for. Thread: one.
class SceneQueries {
 public:
  // nullptr for languages that have none. REQUIRES: language.grammar.
  const workspace::FunctionQuery* of(const workspace::Language& language);
  workspace::NameQueries& names() { return names_; }

 private:
  workspace::NameQueries names_;
  std::map<const workspace::Language*, std::unique_ptr<const workspace::FunctionQuery>> queries_;
};

// Parses the document, within `limits`: when they end it, there is no tree. `last`: an earlier
// scene, which loses its parts to this one where it is of the same text, and else, of the same
// document, makes parsing quick; may be null.
ActionScene make_scene(ActionQuery query, ActionAbilities abilities,
                       const workspace::BlockIndex& index, SceneQueries& queries,
                       workspace::Parser& parser, const workspace::WorkLimits& limits,
                       ActionScene* last = nullptr);

}  // namespace rondo::assist
