#include "engine/byte_pairs.h"

#include <queue>

namespace rondo::engine {
namespace {

uint64_t key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

// A token of the word so far; those that were joined to the one before have id -1.
struct BytePairs::Symbol {
  int32_t id = 0;
  int32_t before = 0;  // index; -1: none
  int32_t behind = 0;  // likewise
};

// A merge that might be made at a symbol, if nothing changes there first.
struct BytePairs::Joint {
  Merge merge;
  int32_t at = 0;
  // Which of two is made later: the top of a queue is made first.
  bool operator<(const Joint& other) const {
    return merge.rank != other.merge.rank ? merge.rank > other.merge.rank : at > other.at;
  }
};

void BytePairs::add_merge(int32_t left, int32_t right, int32_t merged) {
  merges_.insert_or_assign(key(left, right), Merge{.rank = n_merges_++, .id = merged});
}

const BytePairs::Merge* BytePairs::find(int32_t left, int32_t right) const {
  const auto it = merges_.find(key(left, right));
  return it == merges_.end() ? nullptr : &it->second;
}

void BytePairs::append(std::string_view word, std::vector<int32_t>& ids) const {
  const auto n = static_cast<int32_t>(word.size());
  std::vector<Symbol> symbols(word.size());
  for (int32_t i = 0; i < n; ++i) {
    symbols[i] = {.id = byte_id(static_cast<uint8_t>(word[i])),
                  .before = i - 1,
                  .behind = i + 1 < n ? i + 1 : -1};
  }
  std::priority_queue<Joint> joints;
  const auto consider = [&](int32_t at) {
    if (at < 0 || symbols[at].behind < 0) return;
    const Merge* const merge = find(symbols[at].id, symbols[symbols[at].behind].id);
    if (merge != nullptr) joints.push({.merge = *merge, .at = at});
  };
  for (int32_t i = 0; i + 1 < n; ++i) consider(i);
  while (!joints.empty()) {
    const Joint joint = joints.top();
    joints.pop();
    Symbol& left = symbols[joint.at];
    if (left.id < 0 || left.behind < 0) continue;
    Symbol& right = symbols[left.behind];
    const Merge* const now = find(left.id, right.id);
    if (now == nullptr || now->id != joint.merge.id) continue;  // something was joined meanwhile
    left.id = now->id;
    left.behind = right.behind;
    right.id = -1;
    if (left.behind >= 0) symbols[left.behind].before = joint.at;
    consider(left.before);
    consider(joint.at);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

}  // namespace rondo::engine
