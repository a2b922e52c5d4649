// Cutting text without a grammar into Blocks, by its lines alone.
//
// Markdown: a section from each heading to the next. Logs: groups of entries; an entry begins with
// a time stamp, the lines below it without one (a stack trace) belong to it. Other text: groups of
// paragraphs. Thread: pure functions.
#pragma once

#include <vector>

#include "workspace/block.h"
#include "workspace/chunk_options.h"

namespace rondo::workspace {

// REQUIRES: chunking is not kSyntax.
std::vector<Block> chunk_plain(const Text& text, Chunking chunking, const ChunkOptions& options);

}  // namespace rondo::workspace
