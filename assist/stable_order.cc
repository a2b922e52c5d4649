#include "assist/stable_order.h"

#include <algorithm>

namespace rondo::assist {
namespace {

using workspace::ContextBlock;
using Blocks = std::vector<ContextBlock>;

bool same(const ContextBlock& a, const ContextBlock& b) {
  return a.hash == b.hash && a.path == b.path;
}

bool contains(const Blocks& blocks, const ContextBlock& block) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const ContextBlock& other) { return same(block, other); });
}

}  // namespace

bool same_order(const Blocks& a, const Blocks& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

Blocks shared_beginning(const Blocks& before, const Blocks& wanted) {
  const auto end = std::find_if_not(before.begin(), before.end(), [&](const ContextBlock& block) {
    return contains(wanted, block);
  });
  return {before.begin(), end};
}

Blocks stable_order(const Blocks& before, const Blocks& wanted, const StableOrderRules& rules) {
  Blocks order;
  Blocks passing;  // not current
  for (const ContextBlock& block : before) {
    if (rules.is_current(block)) {
      order.push_back(block);
    } else if (contains(wanted, block)) {
      passing.push_back(block);
    }
  }
  for (const ContextBlock& block : wanted) {
    if (!contains(before, block)) (rules.is_current(block) ? order : passing).push_back(block);
  }
  order.insert(order.end(), passing.begin(), passing.end());
  int64_t n_tokens = 0;
  for (const ContextBlock& block : order) n_tokens += rules.count_tokens(block);
  if (n_tokens > rules.max_tokens)
    std::erase_if(order, [&](const ContextBlock& block) { return !contains(wanted, block); });
  return order;
}

}  // namespace rondo::assist
