// Text to token ids and back, by SentencePiece.
//
// Bytes that are not valid UTF-8, and U+2581 (SentencePiece's own mark of a space), are encoded by
// their byte tokens, so every byte sequence comes back exactly; a model that cannot promise that
// (no byte tokens, or a normaliser that changes text) is refused. Text never produces a special
// token: where it spells one, the byte tokens of its letters stand.
//
// Cuts. Where no piece of the BPE vocabulary holds two neighbouring characters, no merge ever
// crosses the gap between them, and the two sides are encoded independently. The encoder cuts there
// and remembers the ids of short units, which makes encoding a whole window again at every
// keystroke cheap (docs/performance.md). (A unigram model, whose scores are summed from the start
// of the text, has no such places and is refused.)
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
  // Reads `folder`/tokenizer.model and, when present, the added tokens of tokenizer_config.json.
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
