// Context of models that were not trained on Segments: Blocks as files before the active one, in an
// order that changes rarely (stable_order.h), so that the engine finds what it read before.
//
// Thread: one thread at a time. Ownership: borrows configuration, tokenizer and index.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "assist/fim_prompt.h"
#include "assist/stable_order.h"
#include "base/hash.h"
#include "workspace/block_index.h"
#include "workspace/context.h"

namespace rondo::assist {

class FileContext {
 public:
  using Blocks = std::vector<workspace::ContextBlock>;
  using Part = std::shared_ptr<const engine::TokenIds>;

  // Of `max_tokens` of files and as many as the model has positions for beside `other_tokens`, the
  // fewer. REQUIRES: config.fim.
  FileContext(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
              const workspace::BlockIndex& index, int64_t max_tokens, int64_t other_tokens);

  // A Block as prompts have it; its ids are kept, so that they are not made at every keystroke.
  const Part& part(const workspace::ContextBlock& block);
  std::vector<Part> parts(const Blocks& blocks);

  // How much may be chosen: less than fits, so that what comes later has room behind it.
  int64_t n_wanted_tokens() const { return max_tokens_ * 3 / 4; }
  // What comes after `before` (stable_order.h), of the index as it is now.
  Blocks next(const Blocks& before, const Blocks& wanted);
  // The beginning of `order` of which no more than `max_tokens` are new after `before`.
  Blocks affordable(const Blocks& order, const Blocks& before, int64_t max_tokens);

 private:
  static constexpr size_t kMaxParts = 20'000;  // about 16 MB of ids

  bool is_current(const workspace::ContextBlock& block) const;

  const engine::ModelConfig& config_;
  const engine::Tokenizer& tokenizer_;
  const workspace::BlockIndex& index_;
  const int64_t max_tokens_;
  std::unordered_map<Hash128, Part, Hash128Hasher> parts_;  // by path and text
};

}  // namespace rondo::assist
