// BlockBuilder: makes Blocks of byte ranges: trims blank lines, cuts what is too long, counts
// lines, hashes.
//
// Thread: one. Borrows the text.
#pragma once

#include <functional>
#include <vector>

#include "workspace/block.h"

namespace rondo::workspace {

// The start of a line at which a long range may be cut.
struct Border {
  int64_t offset = 0;
  int32_t depth = 0;  // the smaller, the better to cut here
};

// A name and where its declaration begins.
struct Defined {
  int64_t offset = 0;
  std::string name;
};

// What becomes one Block, or several parts of one when it is longer than max_bytes.
struct Draft {
  BlockKind kind = BlockKind::kText;
  ByteRange bytes;
  std::string name;
  std::string qualified_name;
  std::vector<Defined> defined;  // in order of offset; each part gets those that it holds
  int64_t max_bytes = 0;
};

// `range` without the blank lines around it; its last line keeps its end.
ByteRange trim_blank_lines(const Text& text, ByteRange range);

// `range` in pieces of at most `max_bytes`, each but the last longer than half of that. The cut is
// at the shallowest of `borders` (in order of offset) that allows it, the later among equals;
// without one at a line's start, at worst between two characters. REQUIRES: max_bytes >= 8.
std::vector<ByteRange> cut_range(const Text& text, ByteRange range, int64_t max_bytes,
                                 const std::vector<Border>& borders);

class BlockBuilder {
 public:
  explicit BlockBuilder(const Text& text) : text_(text) {}

  // Adds the Block or Blocks of `draft`; none when its bytes are blank. `borders` is asked for the
  // places to cut at, only when there is something to cut.
  void add(Draft draft, const std::function<std::vector<Border>(ByteRange)>& borders);

  std::vector<Block> take() { return std::move(blocks_); }

 private:
  void add_part(const Draft& draft, ByteRange bytes, int32_t part);

  const Text& text_;
  std::vector<Block> blocks_;
};

}  // namespace rondo::workspace
