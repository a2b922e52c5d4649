// The Blocks that a prompt begins with, in an order that changes rarely, for models that were not
// trained on Segments: K/V of a token depend on all before it, so what stays the same from prompt
// to prompt must stand first.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "workspace/context.h"

namespace rondo::assist {

struct StableOrderRules {
  int64_t max_tokens = 0;  // of all together
  std::function<int64_t(const workspace::ContextBlock&)> count_tokens;
  // Its text stands in the workspace as it is here. (Recent edits as diffs stand nowhere.)
  std::function<bool(const workspace::ContextBlock&)> is_current;
};

// What a prompt begins with that would best have `wanted`, best first, when the one before began
// with `before`:
//
//   - who was there keeps its place, also when it is not wanted any more, as long as all have room;
//   - who is new comes behind them, and what is not current behind all: diffs of recent edits;
//   - what is neither current nor wanted goes at once, and when there is no room all that is not
//     wanted goes, which happens rarely if `wanted` fills no more than a part of the room.
std::vector<workspace::ContextBlock> stable_order(
    const std::vector<workspace::ContextBlock>& before,
    const std::vector<workspace::ContextBlock>& wanted, const StableOrderRules& rules);

// The same Blocks in the same order.
bool same_order(const std::vector<workspace::ContextBlock>& a,
                const std::vector<workspace::ContextBlock>& b);

// The beginning of `before` that a prompt that wants `wanted` can share.
std::vector<workspace::ContextBlock> shared_beginning(
    const std::vector<workspace::ContextBlock>& before,
    const std::vector<workspace::ContextBlock>& wanted);

}  // namespace rondo::assist
