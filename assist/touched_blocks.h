// The Blocks of a file that a rewrite touches.
//
// Thread: any; nothing is kept.
#pragma once

#include <string>
#include <vector>

#include "assist/rewrite.h"
#include "workspace/block.h"
#include "workspace/text.h"

namespace rondo::assist {

// The names of those of `blocks` that changes or open holes of `made` lie in, in the order of
// `text`, which is the file before them; "lines 3-9" of a Block without a name.
std::vector<std::string> touched_blocks(const Rewrite& made, const workspace::Text& text,
                                        const std::vector<workspace::Block>& blocks);

}  // namespace rondo::assist
