// The token ids of Blocks as Segments, so that a Block is tokenised once and not at every
// keystroke.
//
// Thread: one thread at a time. Borrows the tokenizer.
#pragma once

#include <string>
#include <unordered_map>

#include "assist/fim_prompt.h"
#include "workspace/context.h"

namespace rondo::assist {

class SegmentCache {
 public:
  SegmentCache(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer)
      : config_(config), tokenizer_(tokenizer) {}

  const engine::SegmentInput& segment(const workspace::ContextBlock& block) {
    const Hash128 key = hash_combine(hash_text(block.path), block.hash);
    if (const auto it = segments_.find(key); it != segments_.end()) return it->second;
    if (segments_.size() >= kMaxSegments) segments_.clear();
    return segments_.emplace(key, block_segment(config_, tokenizer_, block.path, block.text))
        .first->second;
  }

 private:
  static constexpr size_t kMaxSegments = 20'000;  // about 16 MB of ids

  const engine::ModelConfig& config_;
  const engine::Tokenizer& tokenizer_;
  std::unordered_map<Hash128, engine::SegmentInput, Hash128Hasher> segments_;  // by path and text
};

}  // namespace rondo::assist
