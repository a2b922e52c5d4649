#include "engine/healing.h"

#include <algorithm>

namespace rondo::engine {

ByteVocabulary::ByteVocabulary(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!tokenizer.token_bytes(id).empty()) ids_.push_back(id);
  }
  std::stable_sort(ids_.begin(), ids_.end(), [&](int32_t a, int32_t b) {
    return tokenizer.token_bytes(a) < tokenizer.token_bytes(b);
  });
}

std::vector<int32_t> ByteVocabulary::compatible(std::string_view rest) const {
  std::vector<int32_t> ids;
  const size_t usual_length = tokenizer_.token_bytes(tokenizer_.encode_part(rest).front()).size();
  for (size_t length = std::max<size_t>(usual_length, 1); length < rest.size(); ++length) {
    append_equal(rest.substr(0, length), ids);
  }
  const auto first = std::lower_bound(
      ids_.begin(), ids_.end(), rest,
      [&](int32_t id, std::string_view text) { return tokenizer_.token_bytes(id) < text; });
  for (auto it = first; it != ids_.end() && tokenizer_.token_bytes(*it).starts_with(rest); ++it) {
    ids.push_back(*it);
  }
  return ids;
}

void ByteVocabulary::append_equal(std::string_view bytes, std::vector<int32_t>& ids) const {
  auto it = std::lower_bound(
      ids_.begin(), ids_.end(), bytes,
      [&](int32_t id, std::string_view text) { return tokenizer_.token_bytes(id) < text; });
  for (; it != ids_.end() && tokenizer_.token_bytes(*it) == bytes; ++it) ids.push_back(*it);
}

}  // namespace rondo::engine
