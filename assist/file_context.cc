#include "assist/file_context.h"

#include <algorithm>

namespace rondo::assist {

FileContext::FileContext(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                         const workspace::BlockIndex& index, int64_t max_tokens,
                         int64_t other_tokens)
    : config_(config),
      tokenizer_(tokenizer),
      index_(index),
      max_tokens_(
          std::clamp<int64_t>(config.max_positions - other_tokens -
                                  (config.segment ? config.segment->active_position_offset : 0),
                              0, max_tokens)) {}

const FileContext::Part& FileContext::part(const workspace::ContextBlock& block) {
  const Hash128 key = hash_combine(hash_text(block.path), block.hash);
  if (const auto it = parts_.find(key); it != parts_.end()) return it->second;
  if (parts_.size() >= kMaxParts) parts_.clear();
  auto ids = std::make_shared<const engine::TokenIds>(
      file_part(config_, tokenizer_, block.path, block.text));
  return parts_.emplace(key, std::move(ids)).first->second;
}

std::vector<FileContext::Part> FileContext::parts(const Blocks& blocks) {
  std::vector<Part> parts;
  for (const workspace::ContextBlock& block : blocks) parts.push_back(part(block));
  return parts;
}

bool FileContext::is_current(const workspace::ContextBlock& block) const {
  const auto same = index_.with_hash(block.hash);
  return std::any_of(same.begin(), same.end(), [&](const workspace::BlockRef& there) {
    return there.file->path == block.path;
  });
}

FileContext::Blocks FileContext::next(const Blocks& before, const Blocks& wanted) {
  return stable_order(
      before, wanted,
      {.max_tokens = max_tokens_,
       .count_tokens =
           [this](const workspace::ContextBlock& block) {
             return static_cast<int64_t>(part(block)->size());
           },
       .is_current = [this](const workspace::ContextBlock& block) { return is_current(block); }});
}

FileContext::Blocks FileContext::affordable(const Blocks& order, const Blocks& before,
                                            int64_t max_tokens) {
  Blocks some;
  int64_t n_new = 0;
  for (const workspace::ContextBlock& block : order) {
    const bool known =
        n_new == 0 && some.size() < before.size() && same_order({block}, {before[some.size()]});
    if (!known) n_new += static_cast<int64_t>(part(block)->size());
    if (n_new > max_tokens) break;
    some.push_back(block);
  }
  return some;
}

}  // namespace rondo::assist
