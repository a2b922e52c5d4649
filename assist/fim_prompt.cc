#include "assist/fim_prompt.h"

#include <algorithm>

#include "base/check.h"

namespace rondo::assist {
namespace {

using engine::TokenIds;

constexpr size_t kMaxSegmentCharacters = 6000;  // as in training

void append(TokenIds& ids, const TokenIds& more) {
  ids.insert(ids.end(), more.begin(), more.end());
}

// The first `n` characters: bytes that continue a UTF-8 sequence do not count.
std::string_view first_characters(std::string_view text, size_t n) {
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xC0) == 0x80) continue;
    if (n-- == 0) return text.substr(0, i);
  }
  return text;
}

// The beginning of the file: its path, for families that name it, and the text before the hole.
TokenIds file_begin(const engine::FimConfig& fim, const engine::Tokenizer& tokenizer,
                    const ActiveWindow& window) {
  if (!fim.file_sep_token) return tokenizer.encode(window.prefix);
  TokenIds ids = {*fim.file_sep_token};
  append(ids, tokenizer.encode(window.path + "\n"));
  append(ids, tokenizer.encode_part(window.prefix));
  return ids;
}

}  // namespace

TokenIds fim_prompt(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                    engine::FimOrder order, const ActiveWindow& window) {
  const engine::FimConfig& fim = *config.fim;
  TokenIds prefix = {fim.prefix_token};
  append(prefix, file_begin(fim, tokenizer, window));
  TokenIds suffix = {fim.suffix_token};
  append(suffix, tokenizer.encode_part(window.suffix));

  const bool suffix_first = order == engine::FimOrder::kSuffixFirst;
  TokenIds ids = suffix_first ? suffix : prefix;
  append(ids, suffix_first ? prefix : suffix);
  ids.push_back(fim.middle_token);
  return ids;
}

TokenIds plain_prompt(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                      std::string_view path, std::string_view text) {
  TokenIds ids = {*config.fim->file_sep_token};
  append(ids, tokenizer.encode(std::string(path) + "\n" + std::string(text)));
  return ids;
}

engine::SegmentInput block_segment(const engine::ModelConfig& config,
                                   const engine::Tokenizer& tokenizer, std::string_view path,
                                   std::string_view text) {
  const engine::SegmentConfig& segment = *config.segment;
  TokenIds ids = {segment.block_token};
  append(ids, tokenizer.encode(std::string(path) + "\n" +
                               std::string(first_characters(text, kMaxSegmentCharacters))));
  const auto limit = static_cast<size_t>(segment.max_segment_tokens - segment.anchors_per_segment);
  ids.resize(std::min(ids.size(), limit));
  ids.insert(ids.end(), segment.anchors_per_segment, segment.anchor_token);
  return {.tokens = std::make_shared<const TokenIds>(std::move(ids))};
}

int32_t released_head(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                      const TokenIds& segment) {
  const auto n_text = static_cast<int32_t>(segment.size()) - config.segment->anchors_per_segment;
  int64_t n_newlines = 0;
  for (int32_t i = 0; i < n_text; ++i) {
    const std::string_view bytes = tokenizer.token_bytes(segment[i]);
    n_newlines += std::count(bytes.begin(), bytes.end(), '\n');
    if (n_newlines >= 2) return i + 1;
  }
  return 0;
}

}  // namespace rondo::assist
