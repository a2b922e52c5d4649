#include "engine/byte_level_tokenizer.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/byte_pairs.h"
#include "engine/pre_tokenizer.h"
#include "engine/unit_cache.h"
#include "engine/utf8.h"

namespace rondo::engine {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

using Ids = std::unordered_map<std::string, int32_t>;

// UTF-8 has no such byte anywhere.
bool is_foreign(int byte) { return byte == 0xC0 || byte == 0xC1 || byte >= 0xF5; }

// The byte that each character stands for in vocabularies, by code; -1: none. Printable characters
// of Latin-1 stand for themselves, the 68 others for what is left, in order (GPT-2's table).
std::array<int16_t, 324> bytes_of_characters() {
  std::array<int16_t, 324> bytes;
  bytes.fill(-1);
  int16_t next = 256;
  for (int16_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    bytes[printable ? byte : next++] = byte;
  }
  return bytes;
}

// The bytes that a token of the vocabulary stands for; nothing when a character stands for none.
std::optional<std::string> bytes_of(std::string_view token) {
  static const std::array<int16_t, 324> bytes = bytes_of_characters();
  std::string all;
  while (!token.empty()) {
    const Character next = first_character(token);
    if (next.n_bytes == 0 || next.code >= bytes.size() || bytes[next.code] < 0) return std::nullopt;
    all += static_cast<char>(bytes[next.code]);
    token.remove_prefix(next.n_bytes);
  }
  return all;
}

class ByteLevelEncoder : public TokenEncoder {
 public:
  ByteLevelEncoder(PreTokenizer words, BytePairs pairs)
      : words_(std::move(words)), pairs_(std::move(pairs)) {}

  // Text that is not encoded but is this token. REQUIRES: before the first append().
  void add_spelled(std::string text, int32_t id);
  // A word that is in the vocabulary is that token, whatever the merges say.
  void prefer_whole_words(Ids by_bytes) { whole_words_ = std::move(by_bytes); }
  void append(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  const std::pair<std::string, int32_t>* spelled_at(std::string_view text) const;
  void append_words(std::string_view text, std::vector<int32_t>& ids) const;
  void append_word(std::string_view word, std::vector<int32_t>& ids) const;
  void append_broken(uint8_t byte, std::vector<int32_t>& ids) const;

  PreTokenizer words_;
  BytePairs pairs_;
  Ids whole_words_;
  std::vector<std::pair<std::string, int32_t>> spelled_;  // the longest first
  std::bitset<256> begins_spelled_;                       // by first byte
  mutable UnitCache cache_;
};

void ByteLevelEncoder::add_spelled(std::string text, int32_t id) {
  begins_spelled_.set(static_cast<uint8_t>(text[0]));
  const auto place = std::ranges::find_if(
      spelled_, [&](const auto& other) { return other.first.size() < text.size(); });
  spelled_.insert(place, {std::move(text), id});
}

const std::pair<std::string, int32_t>* ByteLevelEncoder::spelled_at(std::string_view text) const {
  if (!begins_spelled_[static_cast<uint8_t>(text[0])]) return nullptr;
  const auto it = std::ranges::find_if(
      spelled_, [&](const auto& spelled) { return text.starts_with(spelled.first); });
  return it == spelled_.end() ? nullptr : &*it;
}

void ByteLevelEncoder::append(std::string_view text, std::vector<int32_t>& ids) const {
  size_t begin = 0;  // of what is not encoded yet
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const auto* const spelled = spelled_at(rest);
    const size_t n_bytes = first_character(rest).n_bytes;
    if (spelled == nullptr && n_bytes > 0) {
      at += n_bytes;
      continue;
    }
    append_words(text.substr(begin, at - begin), ids);
    if (spelled != nullptr) {
      ids.push_back(spelled->second);
    } else {
      append_broken(static_cast<uint8_t>(text[at]), ids);
    }
    begin = at += spelled != nullptr ? spelled->first.size() : 1;
  }
  append_words(text.substr(begin), ids);
}

void ByteLevelEncoder::append_words(std::string_view text, std::vector<int32_t>& ids) const {
  if (text.empty()) return;
  for (const std::string_view word : words_.cut(text)) append_word(word, ids);
}

void ByteLevelEncoder::append_word(std::string_view word, std::vector<int32_t>& ids) const {
  const bool is_short = word.size() <= UnitCache::kMaxUnitBytes;
  if (is_short && cache_.append(word, ids)) return;
  std::vector<int32_t> found;
  if (const auto whole = whole_words_.find(std::string(word)); whole != whole_words_.end()) {
    found = {whole->second};
  } else {
    pairs_.append(word, found);
  }
  ids.insert(ids.end(), found.begin(), found.end());
  if (is_short) cache_.remember(word, std::move(found));
}

void ByteLevelEncoder::append_broken(uint8_t byte, std::vector<int32_t>& ids) const {
  if (pairs_.byte_id(byte) < 0) return append_word(kReplacement, ids);
  ids.push_back(pairs_.byte_id(byte));
}

// ---- the file --------------------------------------------------------------------------------

// What of a tokenizer.json counts, as far as it has been read.
struct Reader {
  TokenTable tokens;
  BytePairs pairs;
  Ids ids;                                               // by name in the vocabulary
  std::set<int32_t> unspelled;                           // of them, those that stand for no bytes
  std::vector<std::pair<std::string, int32_t>> spelled;  // added tokens that text may have
  bool whole_words_first = false;

  Status check_parts(const Json& file) const;
  Status read_vocabulary(const Json& model);
  Status read_merges(const Json& model);
  Status read_model(const Json& model);
  Status read_added(const Json& added);
  Status check_bytes();
};

Status wrong(const std::string& what) { return invalid_argument_error(what); }

std::string type_of(const Json& json) {
  if (json.is_null()) return "null";
  return json_get<std::string>(json, "type").value_or("of no type");
}

Status check_keys(const Json& object, const std::set<std::string_view>& known,
                  const std::string& where) {
  if (!object.is_object()) return wrong(where + " is not an object");
  for (const auto& [key, value] : object.items()) {
    if (!known.contains(key)) return wrong(where + " has \"" + key + "\", which is not supported");
  }
  return {};
}

const Json& member(const Json& object, const char* key) {
  static const Json none;
  const auto it = object.find(key);
  return it == object.end() ? none : *it;
}

// All of a Sequence, and what is none, are of these types.
bool is_only(const Json& json, const char* parts, const std::set<std::string_view>& types) {
  if (json.is_null()) return true;
  const std::string type = type_of(json);
  if (type != "Sequence") return types.contains(type);
  const Json& all = member(json, parts);
  return all.is_array() &&
         std::ranges::all_of(all, [&](const Json& part) { return types.contains(type_of(part)); });
}

Status Reader::check_parts(const Json& file) const {
  RETURN_IF_ERROR(check_keys(file,
                             {"version", "truncation", "padding", "added_tokens", "normalizer",
                              "pre_tokenizer", "post_processor", "decoder", "model"},
                             "it"));
  const Json& normalizer = member(file, "normalizer");
  if (!is_only(normalizer, "normalizers", {"NFC"}))
    return wrong("its normalizer is " + dump_json(normalizer) + "; only NFC is supported");
  const Json& around = member(file, "post_processor");
  if (!is_only(around, "processors", {"ByteLevel", "TemplateProcessing"}))
    return wrong("its post_processor is " + type_of(around) + ", which is not supported");
  const std::string decoder = type_of(member(file, "decoder"));
  if (decoder != "ByteLevel")
    return wrong("its decoder is " + decoder + "; only ByteLevel is supported");
  return {};
}

Status Reader::read_vocabulary(const Json& model) {
  const Json& vocabulary = member(model, "vocab");
  if (!vocabulary.is_object()) return wrong("its model has no vocab");
  for (const auto& [token, number] : vocabulary.items()) {
    const int64_t id = number.is_number_integer() ? number.get<int64_t>() : -1;
    if (id < 0 || id >= kMaxVocab) return wrong("the id of \"" + token + "\" is none");
    tokens.grow_to(static_cast<int32_t>(id));
    if (!tokens.special[id])
      return wrong("\"" + token + "\" has id " + std::to_string(id) + ", as another token has");
    tokens.special[id] = false;
    ids.emplace(token, static_cast<int32_t>(id));
    if (auto bytes = bytes_of(token)) {
      if (bytes->size() == 1)
        pairs.set_byte(static_cast<uint8_t>(bytes->front()), static_cast<int32_t>(id));
      tokens.bytes[id] = *std::move(bytes);
    } else {
      unspelled.insert(static_cast<int32_t>(id));
    }
  }
  return {};
}

// Each "a b", or ["a", "b"].
Status Reader::read_merges(const Json& model) {
  const Json& merges = member(model, "merges");
  if (!merges.is_array()) return wrong("its model has no merges");
  for (const Json& merge : merges) {
    std::string left;
    std::string right;
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      left = text.substr(0, space);
      right = space == text.npos ? "" : text.substr(space + 1);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      left = merge[0].get<std::string>();
      right = merge[1].get<std::string>();
    }
    const auto a = ids.find(left);
    const auto b = ids.find(right);
    const auto both = ids.find(left + right);
    if (a == ids.end() || b == ids.end() || both == ids.end())
      return wrong("its merge " + dump_json(merge) + " is not of tokens in vocab");
    pairs.add_merge(a->second, b->second, both->second);
  }
  return {};
}

Status Reader::read_model(const Json& model) {
  RETURN_IF_ERROR(
      check_keys(model,
                 {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                  "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"},
                 "its model"));
  const std::string type = json_get<std::string>(model, "type").value_or("BPE");
  if (type != "BPE") return wrong("its model is " + type + "; only BPE is supported");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (json_get<std::string>(model, key).value_or("") != "")
      return wrong("its model has " + std::string(key) + ", which is not supported");
  }
  if (json_get<double>(model, "dropout").value_or(0) != 0)
    return wrong("its model has dropout, which is not supported");
  if (json_get<bool>(model, "byte_fallback").value_or(false))
    return wrong("its model has byte_fallback, which is not supported");
  whole_words_first = json_get<bool>(model, "ignore_merges").value_or(false);
  RETURN_IF_ERROR(read_vocabulary(model));
  return read_merges(model);
}

// A mark is no text, whatever the file says of it: families call some of their marks not special.
bool is_mark(const Json& token, std::string_view content) {
  return json_get<bool>(token, "special").value_or(false) ||
         (content.starts_with('<') && content.ends_with('>'));
}

Status Reader::read_added(const Json& added) {
  if (!added.is_null() && !added.is_array()) return wrong("its added_tokens are no list");
  for (const Json& token : added) {
    const auto content = json_get<std::string>(token, "content");
    const auto id = json_get<int64_t>(token, "id").value_or(-1);
    if (!content || content->empty() || id < 0 || id >= kMaxVocab)
      return wrong("its added token " + dump_json(token) + " is malformed");
    tokens.grow_to(static_cast<int32_t>(id));
    tokens.names.insert_or_assign(*content, static_cast<int32_t>(id));
    unspelled.erase(static_cast<int32_t>(id));
    const bool mark = is_mark(token, *content);
    tokens.special[id] = mark;
    tokens.bytes[id] = mark ? "" : *content;
    if (mark) continue;
    for (const char* key : {"single_word", "lstrip", "rstrip"}) {
      if (json_get<bool>(token, key).value_or(false))
        return wrong("its added token \"" + *content + "\" has " + key +
                     ", which is not supported");
    }
    spelled.emplace_back(*content, static_cast<int32_t>(id));
  }
  return {};
}

Status Reader::check_bytes() {
  if (!unspelled.empty()) {
    const auto is_it = [&](const auto& entry) { return entry.second == *unspelled.begin(); };
    return wrong("its token \"" + std::ranges::find_if(ids, is_it)->first +
                 "\" has a character that stands for no byte");
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (!is_foreign(byte) && pairs.byte_id(static_cast<uint8_t>(byte)) < 0)
      return wrong("its vocab has no token for the byte " + std::to_string(byte) +
                   ": it cannot spell every text");
  }
  return {};
}

Result<TokenizerParts> read(const Json& file) {
  Reader reader;
  RETURN_IF_ERROR(reader.check_parts(file));
  RETURN_IF_ERROR(reader.read_model(member(file, "model")));
  RETURN_IF_ERROR(reader.read_added(member(file, "added_tokens")));
  RETURN_IF_ERROR(reader.check_bytes());
  ASSIGN_OR_RETURN(PreTokenizer words, PreTokenizer::read(member(file, "pre_tokenizer")));
  auto encoder = std::make_unique<ByteLevelEncoder>(std::move(words), std::move(reader.pairs));
  for (auto& [text, id] : reader.spelled) encoder->add_spelled(std::move(text), id);
  if (reader.whole_words_first) {
    Ids by_bytes;
    for (const auto& [name, id] : reader.ids) {
      if (!reader.tokens.special[id]) by_bytes.emplace(reader.tokens.bytes[id], id);
    }
    encoder->prefer_whole_words(std::move(by_bytes));
  }
  return TokenizerParts{.tokens = std::move(reader.tokens), .encoder = std::move(encoder)};
}

}  // namespace

Result<TokenizerParts> load_byte_level(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json";
  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  ASSIGN_OR_RETURN(const Json json, parse_json(file.text(), path));
  Result<TokenizerParts> parts = read(json);
  if (!parts.ok()) return Status(parts.status().code(), path + ": " + parts.status().message());
  parts->digest = hash_text(file.text());
  return parts;
}

}  // namespace rondo::engine
