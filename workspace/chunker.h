// Chunker: cuts a text into Blocks (block.h).
//
// Texts of a language with a grammar are cut by its query, workspace/queries/*/blocks.scm. The
// query is asked about the children of one container at a time and never looks into functions.
// Its captures:
//
//   @function  a function; one of a single line stays in the run around it
//   @class     a definition with members: its head is a Block, then its members are cut
//   @type      a container of methods that is no definition itself (impl)
//   @scope     any other container (namespace, #ifdef, if): cut as if its children stood outside
//   @define    a declaration: stays in the run around it, which then is found by its name
//   @attached  a comment or attribute: belongs to the definition that begins on the next line
//
// and inside a match:
//
//   @name      the defined name; a declarator stands for the name declared in it; "a::b.c" means
//              c, qualified by a and b
//   @owner     qualifies the name (the receiver of a Go method)
//   @body      where the members are, when they are not direct children
//
// What lies between definitions becomes runs. What is longer than ChunkOptions allow is cut where
// statements begin. A licence at the top of a file and runs without content are left out.
//
// Thread: a Chunker belongs to one thread, a DocumentTree to one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workspace/block.h"
#include "workspace/chunk_options.h"
#include "workspace/syntax_tree.h"

namespace rondo::workspace {

class BlockQueries;

struct Chunked {
  std::vector<Block> blocks;
  std::string skipped;  // why there are no Blocks, to follow the path: "is binary"; else empty
};

// The syntax tree of an open document, kept so that its next state costs only what changed.
struct DocumentTree {
  const Language* language = nullptr;
  std::optional<SyntaxTree> tree;
  std::vector<Block> blocks;  // of the tree
};

class Chunker {
 public:
  // Borrows `queries`, which all chunkers share.
  explicit Chunker(BlockQueries& queries, ChunkOptions options = {})
      : queries_(queries), options_(options) {}

  // The Blocks of a text. Errors: Cancelled or Unavailable, from `limits`.
  Result<Chunked> chunk(const Language& language, TextSnapshot text, const WorkLimits& limits = {});

  // The same of a text whose tree is there; its Blocks do not know what they refer to.
  Chunked chunk_tree(const Language& language, const SyntaxTree& tree);

  // The Blocks of the next state of a document. On an error `document` stays as it was, to be tried
  // again.
  Result<Chunked> update(DocumentTree& document, TextSnapshot text, const WorkLimits& limits = {});

 private:
  BlockQueries& queries_;
  ChunkOptions options_;
  Parser parser_;
};

}  // namespace rondo::workspace
