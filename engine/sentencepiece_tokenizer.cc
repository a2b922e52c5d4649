#include "engine/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <memory>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/unit_cache.h"
#include "engine/utf8.h"

namespace rondo::engine {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581
constexpr char32_t kSpaceMarkCode = 0x2581;

// The pairs of neighbouring characters that some piece holds.
class Neighbours {
 public:
  void add_piece(std::string_view piece) {
    char32_t previous = 0;
    for (size_t at = 0; at < piece.size();) {
      const Character next = first_character(piece.substr(at));
      if (next.n_bytes == 0) return;  // no text reaches such a piece
      if (at > 0) add(previous, next.code);
      previous = next.code;
      at += next.n_bytes;
    }
  }
  bool has(char32_t left, char32_t right) const {
    if (left < 128 && right < 128) return ascii_[left * 128 + right];
    return others_.contains(key(left, right));
  }

 private:
  static uint64_t key(char32_t left, char32_t right) {
    return static_cast<uint64_t>(left) << 32 | right;
  }
  // Pieces have the mark where text has a space.
  static char32_t as_text(char32_t code) { return code == kSpaceMarkCode ? U' ' : code; }
  void add(char32_t left, char32_t right) {
    left = as_text(left);
    right = as_text(right);
    if (left < 128 && right < 128) {
      ascii_[left * 128 + right] = true;
    } else {
      others_.insert(key(left, right));
    }
  }

  std::bitset<128 * 128> ascii_;
  std::unordered_set<uint64_t> others_;
};

std::string with_spaces(std::string_view piece) {
  std::string text;
  for (size_t at = 0; at < piece.size();) {
    if (piece.substr(at).starts_with(kSpaceMark)) {
      text += ' ';
      at += kSpaceMark.size();
    } else {
      text += piece[at++];
    }
  }
  return text;
}

class SentencePieceEncoder : public TokenEncoder {
 public:
  // Fills `tokens` as well.
  Status load(const std::string& path, std::string_view model, TokenTable& tokens);
  // What no public call of SentencePiece tells, by trying it. REQUIRES: `tokens` is complete.
  Status find_habits(const std::string& path, const TokenTable& tokens);
  bool adds_prefix_space() const { return adds_prefix_space_; }
  void append(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  Status read_pieces(const std::string& path, TokenTable& tokens);
  std::vector<int32_t> encode_raw(std::string_view text) const;
  void append_unit(std::string_view unit, std::vector<int32_t>& ids) const;
  void append_bytes(std::string_view text, std::vector<int32_t>& ids) const;

  sentencepiece::SentencePieceProcessor processor_;
  std::vector<bool> special_;  // of the pieces and added tokens
  std::array<int32_t, 256> byte_ids_{};
  Neighbours neighbours_;
  bool adds_prefix_space_ = false;
  // A character of no piece: SentencePiece encodes what follows it as if it stood inside a text.
  std::string guard_;
  size_t n_guard_ids_ = 0;
  mutable UnitCache cache_;
};

Status SentencePieceEncoder::load(const std::string& path, std::string_view model,
                                  TokenTable& tokens) {
  if (const auto status = processor_.LoadFromSerializedProto(model); !status.ok()) {
    return corruption_error(path + " is not a SentencePiece model: " + status.ToString());
  }
  return read_pieces(path, tokens);
}

// Fills tokens, byte_ids_ and neighbours_ from the model's pieces.
Status SentencePieceEncoder::read_pieces(const std::string& path, TokenTable& tokens) {
  byte_ids_.fill(-1);
  const int32_t n_pieces = processor_.GetPieceSize();
  tokens.grow_to(n_pieces - 1);
  for (int32_t id = 0; id < n_pieces; ++id) {
    const std::string& piece = processor_.IdToPiece(id);
    const auto index = static_cast<size_t>(id);
    tokens.special[index] = processor_.IsControl(id) || processor_.IsUnknown(id);
    if (tokens.special[index]) tokens.names.emplace(piece, id);
    if (processor_.IsByte(id)) {
      uint8_t byte = 0;  // "<0x0A>"
      if (piece.size() == 6) std::from_chars(piece.data() + 3, piece.data() + 5, byte, 16);
      tokens.bytes[index] = static_cast<char>(byte);
      byte_ids_[byte] = id;
    } else if (!tokens.special[index]) {
      tokens.bytes[index] = with_spaces(piece);
      neighbours_.add_piece(piece);
    }
  }
  if (std::ranges::count(byte_ids_, -1) != 0) {
    return invalid_argument_error(
        path + " has no byte tokens (byte_fallback): it cannot spell every text");
  }
  return {};
}

// "added_tokens_decoder": {"75863": {"content": "<|im_start|>", "special": true}, ...}
Status read_added_tokens(const std::string& path, std::string_view text, TokenTable& tokens) {
  ASSIGN_OR_RETURN(const Json config, parse_json(text, path));
  if (!config.is_object()) return invalid_argument_error(path + " is not a JSON object");
  const auto added = config.find("added_tokens_decoder");
  if (added == config.end() || !added->is_object()) return {};
  for (const auto& [key, token] : added->items()) {
    int32_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    const auto content = json_get<std::string>(token, "content");
    if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= kMaxVocab ||
        !content) {
      return invalid_argument_error(path + ": added token \"" + key + "\" is malformed");
    }
    const auto index = static_cast<size_t>(id);
    const bool is_new = id >= tokens.size();
    tokens.grow_to(id);
    if (json_get<bool>(token, "special").value_or(false)) {
      tokens.special[index] = true;
    } else if (is_new || tokens.bytes[index].empty()) {
      tokens.special[index] = false;
      tokens.bytes[index] = *content;
    }
    tokens.names.insert_or_assign(*content, id);
  }
  return {};
}

Status SentencePieceEncoder::find_habits(const std::string& path, const TokenTable& tokens) {
  special_ = tokens.special;
  std::vector<std::vector<int>> ignored;
  if (processor_.NBestEncode("a", 2, &ignored).ok()) {  // only unigram models have n-best lists
    return invalid_argument_error(path + " is a unigram model; only BPE is supported");
  }
  for (char32_t code = 0xE000; guard_.empty() && code < 0xF8FF; ++code) {  // private use
    const std::string candidate = {static_cast<char>(0xE0 | code >> 12),
                                   static_cast<char>(0x80 | (code >> 6 & 0x3F)),
                                   static_cast<char>(0x80 | (code & 0x3F))};
    const bool used = std::ranges::any_of(tokens.bytes, [&](const std::string& piece) {
      return piece.find(candidate) != piece.npos;
    });
    if (!used) guard_ = candidate;
  }
  const std::vector<int32_t> guard_ids = encode_raw(guard_);
  n_guard_ids_ = guard_ids.size();
  adds_prefix_space_ = n_guard_ids_ > 0 && tokens.bytes[static_cast<size_t>(guard_ids[0])] == " ";

  constexpr std::string_view kProbe = "  a  b\t\tc \r\n\n d\xEF\xBD\xA1\xEF\xAC\x81 A\xCC\x8A\x01 ";
  std::string back;
  std::vector<int32_t> ids;
  append(kProbe, ids);
  for (const int32_t id : ids) back += tokens.bytes[static_cast<size_t>(id)];
  if (n_guard_ids_ != guard_.size() + (adds_prefix_space_ ? 1 : 0) || back != kProbe) {
    return invalid_argument_error(path +
                                  " normalises text: its tokens do not give every text back");
  }
  return {};
}

std::vector<int32_t> SentencePieceEncoder::encode_raw(std::string_view text) const {
  std::vector<int> ids;
  const auto status = processor_.Encode(text, &ids);
  CHECK(status.ok(), "a loaded SentencePiece model encodes every valid text");
  return ids;
}

void SentencePieceEncoder::append_bytes(std::string_view text, std::vector<int32_t>& ids) const {
  for (const char c : text) ids.push_back(byte_ids_[static_cast<uint8_t>(c)]);
}

// `unit` is valid UTF-8 without the space mark.
void SentencePieceEncoder::append_unit(std::string_view unit, std::vector<int32_t>& ids) const {
  if (unit.empty()) return;
  const bool is_short = unit.size() <= UnitCache::kMaxUnitBytes;
  if (is_short && cache_.append(unit, ids)) return;
  std::vector<int32_t> raw;
  size_t n_skipped = 0;
  if (adds_prefix_space_) {
    raw = encode_raw(guard_ + std::string(unit));
    n_skipped = n_guard_ids_;
  } else {
    raw = encode_raw(unit);
  }
  std::vector<int32_t> unit_ids;
  for (size_t i = n_skipped; i < raw.size(); ++i) {
    const auto index = static_cast<size_t>(raw[i]);
    if (special_[index]) {
      append_bytes(with_spaces(processor_.IdToPiece(raw[i])), unit_ids);
    } else {
      unit_ids.push_back(raw[i]);
    }
  }
  ids.insert(ids.end(), unit_ids.begin(), unit_ids.end());
  if (is_short) cache_.remember(unit, std::move(unit_ids));
}

void SentencePieceEncoder::append(std::string_view text, std::vector<int32_t>& ids) const {
  size_t unit_begin = 0;
  char32_t previous = 0;
  for (size_t at = 0; at < text.size();) {
    const Character next = first_character(text.substr(at));
    if (next.n_bytes == 0 || next.code == kSpaceMarkCode) {
      append_unit(text.substr(unit_begin, at - unit_begin), ids);
      const size_t n_bytes = std::max<size_t>(next.n_bytes, 1);
      append_bytes(text.substr(at, n_bytes), ids);
      at += n_bytes;
      unit_begin = at;
      continue;
    }
    if (at > unit_begin && !neighbours_.has(previous, next.code)) {
      append_unit(text.substr(unit_begin, at - unit_begin), ids);
      unit_begin = at;
    }
    previous = next.code;
    at += next.n_bytes;
  }
  append_unit(text.substr(unit_begin), ids);
}

}  // namespace

Result<TokenizerParts> load_sentencepiece(const std::string& folder) {
  const std::string path = folder + "/tokenizer.model";
  ASSIGN_OR_RETURN(const MappedFile model, MappedFile::open(path));
  auto encoder = std::make_unique<SentencePieceEncoder>();
  TokenizerParts parts = {.digest = hash_text(model.text())};
  RETURN_IF_ERROR(encoder->load(path, model.text(), parts.tokens));

  const std::string config_path = folder + "/tokenizer_config.json";
  const auto config = MappedFile::open(config_path);
  if (config.ok()) {
    RETURN_IF_ERROR(read_added_tokens(config_path, config->text(), parts.tokens));
    parts.digest = hash_combine(parts.digest, hash_text(config->text()));
  } else if (config.status().code() != Code::kNotFound) {
    return config.status();
  }
  for (size_t id = 0; id < parts.tokens.bytes.size(); ++id) {
    if (parts.tokens.special[id]) parts.tokens.bytes[id].clear();
  }
  RETURN_IF_ERROR(encoder->find_habits(path, parts.tokens));
  parts.adds_prefix_space = encoder->adds_prefix_space();
  parts.encoder = std::move(encoder);
  return parts;
}

}  // namespace rondo::engine
