// Cutting a syntax tree into Blocks; chunker.h has the rules.
//
// Thread: any; nothing is kept.
#pragma once

#include <vector>

#include "workspace/block.h"
#include "workspace/block_query.h"
#include "workspace/chunk_options.h"
#include "workspace/syntax_tree.h"

namespace rondo::workspace {

// REQUIRES: `query` is of the tree's language.
std::vector<Block> chunk_syntax(const SyntaxTree& tree, const BlockQuery& query,
                                const ChunkOptions& options);

}  // namespace rondo::workspace
