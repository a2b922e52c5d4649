// Block: a piece of workspace text that stands for itself (a function, a class head, a section,
// ...): the unit in which the workspace is indexed, encoded and chosen as context.
//
// Thread: values; FileBlocks is immutable once shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "workspace/languages.h"
#include "workspace/text.h"

namespace rondo::workspace {

enum class BlockKind {
  kFunction,  // a free function, or a macro of several lines
  kMethod,    // a function of a class or type
  kClass,     // a class up to its first method; the whole of a type without methods
  kRun,       // what stands between definitions: imports, constants, declarations, fields
  kSection,   // Markdown from one heading to the next
  kLogGroup,  // consecutive log entries
  kText,      // paragraphs of other text
};

// "function", "method", ... as the shell and JSON show it.
std::string_view kind_name(BlockKind kind);

struct Block {
  BlockKind kind = BlockKind::kText;
  ByteRange bytes;         // whole lines wherever the source allows
  int64_t first_line = 0;  // from 0
  int64_t last_line = 0;   // inclusive
  // What it defines: "add_item" and "Cart.add_item". A run of a class has the class's name, other
  // runs and text have none; a section has its heading.
  std::string name;
  std::string qualified_name;
  // Further names: constants, macros, fields, functions of one line.
  std::vector<std::string> defines;
  int32_t part = 0;  // 0, or which further piece of something too large for one Block
  Hash128 hash;      // of its bytes
  // The names that it calls or uses as types and does not define (references.h): their name_hash,
  // ascending, each once.
  std::vector<uint64_t> references;

  bool operator==(const Block&) const = default;
};

// The Blocks of one file: disjoint and in the order of the text.
struct FileBlocks {
  std::string path;  // relative to the workspace folder, with '/'
  const Language* language = nullptr;
  TextSnapshot text;  // null when the index had no room left for it (block_index.h)
  std::vector<Block> blocks;

  // REQUIRES: text is not null, `block` is one of blocks.
  std::string_view text_of(const Block& block) const { return text->slice(block.bytes); }
};

using FileBlocksSnapshot = std::shared_ptr<const FileBlocks>;

}  // namespace rondo::workspace
