// The token ids of Blocks as Segments, so that a Block is tokenised once and not at every
// keystroke.
//
// Thread: one thread at a time. Borrows the tokenizer.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "assist/fim_prompt.h"
#include "workspace/context.h"

namespace rondo::assist {

class SegmentCache {
 public:
  // Paths are relative to `folder`; empty: their text is nobody's (engine::SegmentInput::origin).
  SegmentCache(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
               std::string folder = {})
      : config_(config), tokenizer_(tokenizer), folder_(std::move(folder)) {}

  const engine::SegmentInput& segment(const workspace::ContextBlock& block) {
    const Hash128 key = hash_combine(hash_text(block.path), block.hash);
    if (const auto it = segments_.find(key); it != segments_.end()) return it->second;
    if (segments_.size() >= kMaxSegments) segments_.clear();
    engine::SegmentInput segment = block_segment(config_, tokenizer_, block.path, block.text);
    if (!folder_.empty())
      segment.origin = std::make_shared<const std::string>(folder_ + "/" + block.path);
    return segments_.emplace(key, std::move(segment)).first->second;
  }

 private:
  static constexpr size_t kMaxSegments = 20'000;  // about 16 MB of ids

  const engine::ModelConfig& config_;
  const engine::Tokenizer& tokenizer_;
  const std::string folder_;
  std::unordered_map<Hash128, engine::SegmentInput, Hash128Hasher> segments_;  // by path and text
};

}  // namespace rondo::assist
