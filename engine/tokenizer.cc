#include "engine/tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/unit_cache.h"

namespace rondo::engine {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581
constexpr char32_t kSpaceMarkCode = 0x2581;
constexpr int64_t kMaxVocab = 1 << 22;

struct Character {
  char32_t code = 0;
  size_t n_bytes = 0;  // 0: the byte begins no valid UTF-8 sequence
};

// The character at the start of `text`, by the definition of UTF-8: no overlong forms, no
// surrogates, nothing above U+10FFFF. REQUIRES: text is not empty.
Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t n_bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xC0 || lead > 0xF4 || text.size() < n_bytes) return {};
  char32_t code = lead & (0x7F >> n_bytes);
  for (size_t i = 1; i < n_bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kSmallest[n_bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, n_bytes};
}

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

}  // namespace

struct Tokenizer::Impl {
  sentencepiece::SentencePieceProcessor processor;
  Hash128 digest;
  std::vector<std::string> bytes;  // [vocab_size]
  std::vector<bool> special;       // [vocab_size]
  std::map<std::string, int32_t, std::less<>> names;
  std::array<int32_t, 256> byte_ids{};
  Neighbours neighbours;
  bool adds_prefix_space = false;
  // A character of no piece: SentencePiece encodes what follows it as if it stood inside a text.
  std::string guard;
  size_t n_guard_ids = 0;
  mutable UnitCache cache;

  Status read_pieces(const std::string& path);
  Status read_added_tokens(const std::string& path, std::string_view text);
  Status find_habits(const std::string& path);
  std::vector<int32_t> encode_raw(std::string_view text) const;
  void append_unit(std::string_view unit, std::vector<int32_t>& ids) const;
  void append_bytes(std::string_view text, std::vector<int32_t>& ids) const;
  void append(std::string_view text, std::vector<int32_t>& ids) const;
  int32_t n_ids() const { return static_cast<int32_t>(bytes.size()); }
};

// Fills bytes, special, names, byte_ids and neighbours from the model's pieces.
Status Tokenizer::Impl::read_pieces(const std::string& path) {
  byte_ids.fill(-1);
  const int32_t n_pieces = processor.GetPieceSize();
  bytes.resize(static_cast<size_t>(n_pieces));
  special.resize(static_cast<size_t>(n_pieces));
  for (int32_t id = 0; id < n_pieces; ++id) {
    const std::string& piece = processor.IdToPiece(id);
    const auto index = static_cast<size_t>(id);
    special[index] = processor.IsControl(id) || processor.IsUnknown(id);
    if (special[index]) names.emplace(piece, id);
    if (processor.IsByte(id)) {
      uint8_t byte = 0;  // "<0x0A>"
      if (piece.size() == 6) std::from_chars(piece.data() + 3, piece.data() + 5, byte, 16);
      bytes[index] = static_cast<char>(byte);
      byte_ids[byte] = id;
    } else if (!special[index]) {
      bytes[index] = with_spaces(piece);
      neighbours.add_piece(piece);
    }
  }
  if (std::ranges::count(byte_ids, -1) != 0) {
    return invalid_argument_error(
        path + " has no byte tokens (byte_fallback): it cannot spell every text");
  }
  return {};
}

// "added_tokens_decoder": {"75863": {"content": "<|im_start|>", "special": true}, ...}
Status Tokenizer::Impl::read_added_tokens(const std::string& path, std::string_view text) {
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
    const bool is_new = id >= n_ids();
    if (is_new) {
      bytes.resize(index + 1);
      special.resize(index + 1, true);
    }
    if (json_get<bool>(token, "special").value_or(false)) {
      special[index] = true;
    } else if (is_new || bytes[index].empty()) {
      special[index] = false;
      bytes[index] = *content;
    }
    names.insert_or_assign(*content, id);
  }
  return {};
}

// What no public call of SentencePiece tells, by trying it.
Status Tokenizer::Impl::find_habits(const std::string& path) {
  std::vector<std::vector<int>> ignored;
  if (processor.NBestEncode("a", 2, &ignored).ok()) {  // only unigram models have n-best lists
    return invalid_argument_error(path + " is a unigram model; only BPE is supported");
  }
  for (char32_t code = 0xE000; guard.empty() && code < 0xF8FF; ++code) {  // private use
    const std::string candidate = {static_cast<char>(0xE0 | code >> 12),
                                   static_cast<char>(0x80 | (code >> 6 & 0x3F)),
                                   static_cast<char>(0x80 | (code & 0x3F))};
    const bool used = std::ranges::any_of(
        bytes, [&](const std::string& piece) { return piece.find(candidate) != piece.npos; });
    if (!used) guard = candidate;
  }
  const std::vector<int32_t> guard_ids = encode_raw(guard);
  n_guard_ids = guard_ids.size();
  adds_prefix_space = n_guard_ids > 0 && bytes[static_cast<size_t>(guard_ids[0])] == " ";

  constexpr std::string_view kProbe = "  a  b\t\tc \r\n\n d\xEF\xBD\xA1\xEF\xAC\x81 A\xCC\x8A\x01 ";
  std::string back;
  std::vector<int32_t> ids;
  append(kProbe, ids);
  for (const int32_t id : ids) back += bytes[static_cast<size_t>(id)];
  if (n_guard_ids != guard.size() + (adds_prefix_space ? 1 : 0) || back != kProbe) {
    return invalid_argument_error(path +
                                  " normalises text: its tokens do not give every text back");
  }
  return {};
}

std::vector<int32_t> Tokenizer::Impl::encode_raw(std::string_view text) const {
  std::vector<int> ids;
  const auto status = processor.Encode(text, &ids);
  CHECK(status.ok(), "a loaded SentencePiece model encodes every valid text");
  return ids;
}

void Tokenizer::Impl::append_bytes(std::string_view text, std::vector<int32_t>& ids) const {
  for (const char c : text) ids.push_back(byte_ids[static_cast<uint8_t>(c)]);
}

// `unit` is valid UTF-8 without the space mark.
void Tokenizer::Impl::append_unit(std::string_view unit, std::vector<int32_t>& ids) const {
  if (unit.empty()) return;
  const bool is_short = unit.size() <= UnitCache::kMaxUnitBytes;
  if (is_short && cache.append(unit, ids)) return;
  std::vector<int32_t> raw;
  size_t n_skipped = 0;
  if (adds_prefix_space) {
    raw = encode_raw(guard + std::string(unit));
    n_skipped = n_guard_ids;
  } else {
    raw = encode_raw(unit);
  }
  std::vector<int32_t> unit_ids;
  for (size_t i = n_skipped; i < raw.size(); ++i) {
    const auto index = static_cast<size_t>(raw[i]);
    if (special[index]) {
      append_bytes(with_spaces(processor.IdToPiece(raw[i])), unit_ids);
    } else {
      unit_ids.push_back(raw[i]);
    }
  }
  ids.insert(ids.end(), unit_ids.begin(), unit_ids.end());
  if (is_short) cache.remember(unit, std::move(unit_ids));
}

void Tokenizer::Impl::append(std::string_view text, std::vector<int32_t>& ids) const {
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
    if (at > unit_begin && !neighbours.has(previous, next.code)) {
      append_unit(text.substr(unit_begin, at - unit_begin), ids);
      unit_begin = at;
    }
    previous = next.code;
    at += next.n_bytes;
  }
  append_unit(text.substr(unit_begin), ids);
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::load(const std::string& folder) {
  auto impl = std::make_unique<Impl>();
  const std::string path = folder + "/tokenizer.model";
  ASSIGN_OR_RETURN(const MappedFile model, MappedFile::open(path));
  if (const auto status = impl->processor.LoadFromSerializedProto(model.text()); !status.ok()) {
    return corruption_error(path + " is not a SentencePiece model: " + status.ToString());
  }
  impl->digest = hash_text(model.text());
  RETURN_IF_ERROR(impl->read_pieces(path));

  const std::string config_path = folder + "/tokenizer_config.json";
  const auto config = MappedFile::open(config_path);
  if (config.ok()) {
    RETURN_IF_ERROR(impl->read_added_tokens(config_path, config->text()));
    impl->digest = hash_combine(impl->digest, hash_text(config->text()));
  } else if (config.status().code() != Code::kNotFound) {
    return config.status();
  }
  for (size_t id = 0; id < impl->bytes.size(); ++id) {
    if (impl->special[id]) impl->bytes[id].clear();
  }
  RETURN_IF_ERROR(impl->find_habits(path));
  return Tokenizer(std::move(impl));
}

int32_t Tokenizer::vocab_size() const { return impl_->n_ids(); }
Hash128 Tokenizer::digest() const { return impl_->digest; }
bool Tokenizer::adds_prefix_space() const { return impl_->adds_prefix_space; }

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  if (impl_->adds_prefix_space && !text.empty()) return encode_part(" " + std::string(text));
  return encode_part(text);
}

std::vector<int32_t> Tokenizer::encode_part(std::string_view part) const {
  std::vector<int32_t> ids;
  ids.reserve(part.size() / 2);
  impl_->append(part, ids);
  return ids;
}

std::string_view Tokenizer::token_bytes(int32_t id) const {
  if (id < 0 || id >= impl_->n_ids()) return {};
  return impl_->bytes[static_cast<size_t>(id)];
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  std::string text;
  for (const int32_t id : ids) text += token_bytes(id);
  if (impl_->adds_prefix_space && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

bool Tokenizer::is_special(int32_t id) const {
  return id >= 0 && id < impl_->n_ids() && impl_->special[static_cast<size_t>(id)];
}

std::optional<int32_t> Tokenizer::special(std::string_view name) const {
  const auto it = impl_->names.find(name);
  return it == impl_->names.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace rondo::engine
