// Text to token ids and back, by SentencePiece.
//
// Bytes that are not valid UTF-8, and U+2581 (SentencePiece's own mark of a space), are encoded by
// their byte tokens, so every byte sequence comes back exactly. Text never produces a special
// token.
//
// Thread: immutable after load; any thread.
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
  // Reads `folder`/tokenizer.model and the added tokens of tokenizer_config.json.
  // Errors: NotFound, Corruption naming the file.
  static Result<Tokenizer> load(const std::string& folder);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  int32_t vocab_size() const;
  Hash128 digest() const;  // of the tokenizer's files

  // The ids of `text`, encoded on its own: no BOS, no prefix space unless the model's own
  // normaliser adds one.
  std::vector<int32_t> encode(std::string_view text) const;
  // The bytes that `id` stands for; empty for special tokens and ids out of range.
  std::string_view token_bytes(int32_t id) const;
  std::string decode(std::span<const int32_t> ids) const;
  bool is_special(int32_t id) const;
  // The id of a special token by its name, e.g. "<|fim_prefix|>".
  std::optional<int32_t> special(std::string_view name) const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::engine
