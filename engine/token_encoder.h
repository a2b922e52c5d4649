// What a Tokenizer is made of, whatever files it came from: a table of its tokens, and the way from
// text to them. Private to the tokenizers.
//
// Thread: immutable after loading; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace rondo::engine {

inline constexpr int64_t kMaxVocab = 1 << 22;

struct TokenTable {
  std::vector<std::string> bytes;  // [vocab_size]; those of special tokens are empty
  std::vector<bool> special;       // [vocab_size]
  std::map<std::string, int32_t, std::less<>> names;  // of special and added tokens

  int32_t size() const { return static_cast<int32_t>(bytes.size()); }
  // From now on there is `id`; ids below it that nobody names are special.
  void grow_to(int32_t id) {
    if (id < size()) return;
    bytes.resize(static_cast<size_t>(id) + 1);
    special.resize(bytes.size(), true);
  }
};

class TokenEncoder {
 public:
  virtual ~TokenEncoder() = default;
  // Appends the ids of `text`, any bytes: none of them special, and their bytes are `text`.
  virtual void append(std::string_view text, std::vector<int32_t>& ids) const = 0;
};

struct TokenizerParts {
  TokenTable tokens;
  std::unique_ptr<TokenEncoder> encoder;
  bool adds_prefix_space = false;  // to a whole text; encoder does not
  Hash128 digest;                  // of the files
};

}  // namespace rondo::engine
