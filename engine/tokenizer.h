// Text to token ids and back, by the files of a model folder: tokenizer.model, as SentencePiece has
// it (sentencepiece_tokenizer.h), or else tokenizer.json, with a byte-level BPE as HuggingFace's
// library has it (byte_level_tokenizer.h). Those headers say where ids differ from theirs.
//
// Every byte sequence comes back exactly, also where it is not UTF-8; a model that cannot promise
// that is refused. Text never produces a special token: where it spells one, the tokens of its
// letters stand.
//
// Encoding is on the path of every keystroke, which encodes a whole window again (as
// docs/performance.md says): both remember the ids of short units, between which no token ever
// stands. (Those of SentencePiece are found by looking at its pieces, those of tokenizer.json are
// the words of its pre-tokenizer.)
//
// Thread: immutable after load (the memory of units is locked inside); any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace rondo::engine {

class Tokenizer {
 public:
  // Reads tokenizer.model with the added tokens of tokenizer_config.json, or else tokenizer.json.
  // Errors: NotFound, Corruption and InvalidArgument naming the file.
  static Result<Tokenizer> load(const std::string& folder);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  int32_t vocab_size() const;  // the largest id + 1, added tokens counted
  Hash128 digest() const;      // of the tokenizer's files

  // The ids of a whole text: no BOS; begins with a space if the model adds one.
  std::vector<int32_t> encode(std::string_view text) const;
  // The ids of a part of a text, whatever stands before it: their bytes are exactly `part`.
  std::vector<int32_t> encode_part(std::string_view part) const;
  // The model puts a space before every text that it encodes (add_dummy_prefix). decode() takes it
  // off again; token_bytes() of a first token still has it.
  bool adds_prefix_space() const;
  // The bytes that `id` stands for; empty for special tokens and ids out of range.
  std::string_view token_bytes(int32_t id) const;
  // The whole text of `ids`: decode(encode(text)) == text.
  std::string decode(std::span<const int32_t> ids) const;
  bool is_special(int32_t id) const;
  // The id of a special or added token by its name, e.g. "<|fim_prefix|>".
  std::optional<int32_t> special(std::string_view name) const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::engine
