// The choice of context: which Blocks of the workspace the model should read beside the text around
// the cursor.
//
// A Block is worth the names it defines that are used near the cursor: each by how often and how
// near it is used and by how few Blocks define it; more so in the same folder and in imported
// files, as the embedded model was trained with. Blocks of the same file, of recently edited and
// of open files come next. What the model sees anyway, and what it must not see, is never chosen.
//
// Thread: any; the index locks itself, nothing is kept.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "workspace/block_index.h"

namespace rondo::workspace {

// One chosen Block.
struct ContextBlock {
  std::string path;
  std::string text;  // its lines end in LF
  Hash128 hash;      // of the Block's bytes
  double score = 0;
  std::string reason;  // "defines add_item, total": for people
};

struct ContextQuery {
  std::string path;  // of the active document
  const Language* language = nullptr;
  TextSnapshot text;
  int64_t cursor = 0;  // byte offset in text
  ByteRange window;    // what of the text the model sees anyway; holds the cursor
  // Lines that no chosen Block may have, blanks around them aside: those that a measurement wants
  // the model to find. Lines without letters and digits are ignored.
  std::vector<std::string> forbidden_lines;
  std::vector<std::string> recent_paths;  // edited lately, the latest first
  std::vector<std::string> open_paths;
  int64_t max_tokens = 0;
  int64_t max_blocks = 24;
  // What a Block costs, with all that is put around it.
  std::function<int64_t(const ContextBlock&)> count_tokens;
};

// The best Blocks that fit the budget together, best first. The same index and query always give
// the same answer. REQUIRES: language, text and count_tokens are set, window is inside text.
std::vector<ContextBlock> choose_context(const ContextQuery& query, const BlockIndex& index);

}  // namespace rondo::workspace
