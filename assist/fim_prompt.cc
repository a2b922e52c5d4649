#include "assist/fim_prompt.h"

#include <algorithm>

#include "base/check.h"

namespace rondo::assist {
namespace {

using engine::FileMarks;
using engine::FimOrder;
using engine::TokenIds;

constexpr size_t kMaxBlockCharacters = 6000;  // as in training

void append(TokenIds& ids, const TokenIds& more) {
  ids.insert(ids.end(), more.begin(), more.end());
}

void append(TokenIds& ids, std::optional<int32_t> mark) {
  if (mark) ids.push_back(*mark);
}

// The first `n` characters: bytes that continue a UTF-8 sequence do not count.
std::string_view first_characters(std::string_view text, size_t n) {
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xC0) == 0x80) continue;
    if (n-- == 0) return text.substr(0, i);
  }
  return text;
}

FileMarks marks_of(const engine::FimConfig& fim) {
  return fim.file_sep_token ? fim.files : FileMarks::kComment;
}

// Whether files stand behind the mark of the prefix: where comments alone tell them apart, they are
// one text with P, and in PSM that text was cut.
bool begins_with_mark(const engine::FimConfig& fim, FimOrder order) {
  return marks_of(fim) == FileMarks::kComment && order == FimOrder::kPrefixFirst;
}

// Before the window, with all that marks its file there.
TokenIds head_of(const engine::FimConfig& fim, const engine::Tokenizer& tokenizer, FimOrder order,
                 const ActiveWindow& window) {
  const FileMarks marks = marks_of(fim);
  TokenIds ids;
  append(ids, fim.bos_token);
  if (begins_with_mark(fim, order)) ids.push_back(fim.prefix_token);
  if (fim.repo_name_token && !window.repository.empty()) {
    ids.push_back(*fim.repo_name_token);
    const bool line = marks == FileMarks::kBeforePrefix;
    append(ids, tokenizer.encode(window.repository + (line ? "\n" : "")));
  }
  for (const auto& file : window.files) append(ids, *file);
  if (marks == FileMarks::kBeforePrefix) {
    ids.push_back(*fim.file_sep_token);
    append(ids, tokenizer.encode(window.path + "\n"));
  }
  if (marks == FileMarks::kPathInPrefix) ids.push_back(*fim.file_sep_token);
  return ids;
}

// P, with what stands before it in the family's prompts.
TokenIds prefix_of(const engine::FimConfig& fim, const engine::Tokenizer& tokenizer,
                   const ActiveWindow& window) {
  TokenIds ids;
  switch (marks_of(fim)) {
    case FileMarks::kBeforePrefix:
      break;
    case FileMarks::kInPrefix:
      ids.push_back(*fim.file_sep_token);
      [[fallthrough]];
    case FileMarks::kPathInPrefix:
      append(ids, tokenizer.encode(window.path + "\n"));
      break;
    case FileMarks::kComment:
      if (window.files.empty()) return tokenizer.encode(window.prefix);
      append(ids, tokenizer.encode("#" + window.path + "\n"));
  }
  append(ids, tokenizer.encode_part(window.prefix));
  return ids;
}

}  // namespace

TokenIds file_part(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                   std::string_view path, std::string_view text) {
  const engine::FimConfig& fim = *config.fim;
  const FileMarks marks = marks_of(fim);
  std::string file = marks == FileMarks::kComment ? "#" : "";
  file.append(path).append("\n").append(first_characters(text, kMaxBlockCharacters));
  if (marks == FileMarks::kComment || marks == FileMarks::kBeforePrefix) file += '\n';
  TokenIds ids;
  append(ids, fim.file_sep_token);
  append(ids, tokenizer.encode(file));
  return ids;
}

TokenIds fim_prompt(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                    FimOrder order, const ActiveWindow& window) {
  const engine::FimConfig& fim = *config.fim;
  TokenIds ids = head_of(fim, tokenizer, order, window);
  const TokenIds prefix = prefix_of(fim, tokenizer, window);
  const TokenIds suffix = tokenizer.encode_part(window.suffix);
  switch (order) {
    case FimOrder::kPrefixFirst:
      if (!begins_with_mark(fim, order)) ids.push_back(fim.prefix_token);
      append(ids, prefix);
      ids.push_back(fim.suffix_token);
      append(ids, suffix);
      append(ids, fim.middle_token);
      break;
    case FimOrder::kSuffixFirst:
      ids.push_back(fim.suffix_token);
      append(ids, suffix);
      ids.push_back(fim.prefix_token);
      append(ids, prefix);
      append(ids, fim.middle_token);
      break;
    case FimOrder::kSuffixFirstJoined:
      ids.insert(ids.end(), {fim.prefix_token, fim.suffix_token});
      append(ids, suffix);
      append(ids, fim.middle_token);
      append(ids, prefix);
      break;
  }
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
                               std::string(first_characters(text, kMaxBlockCharacters))));
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
