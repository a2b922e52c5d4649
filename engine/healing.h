// Token healing: the word under the cursor was taken off the prompt, and the first generated tokens
// have to spell it again. While bytes remain, a token is allowed when its bytes begin with the
// rest, or when they are a beginning of the rest and no shorter than the token that the tokenizer
// itself would begin the rest with. Shorter ones are barred: a lone space is likely for the sake of
// other words, and behind it the model goes on in a spelling that it never saw ("apply_dis" became
// "apply_distance" by " ", "a", "pp", "l", ... with apply_discount in sight).
//
// Thread: ByteVocabulary is immutable after construction; Healing belongs to one generation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer.h"

namespace rondo::engine {

// The tokens of a vocabulary that stand for bytes, in the order of their bytes.
class ByteVocabulary {
 public:
  // Borrows the tokenizer, which must outlive it.
  explicit ByteVocabulary(const Tokenizer& tokenizer);

  // The tokens that may come first when `rest` has to be spelled. REQUIRES: rest is not empty.
  std::vector<int32_t> compatible(std::string_view rest) const;

 private:
  void append_equal(std::string_view bytes, std::vector<int32_t>& ids) const;

  const Tokenizer& tokenizer_;
  std::vector<int32_t> ids_;  // by bytes, then by id
};

class Healing {
 public:
  explicit Healing(std::string rest) : rest_(std::move(rest)) {}

  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  // Takes the bytes of a generated token off the rest.
  void accept(std::string_view bytes) { rest_.erase(0, bytes.size()); }

 private:
  std::string rest_;
};

}  // namespace rondo::engine
