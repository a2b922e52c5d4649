#include "engine/incremental_encoding.h"

#include <algorithm>

namespace rondo::engine {

const std::vector<int32_t>& IncrementalEncoding::update(std::string_view text) {
  const auto same = static_cast<size_t>(std::ranges::mismatch(text_, text).in1 - text_.begin());
  if (same == text_.size() && same == text.size()) return ids_;
  const size_t cut = tokenizer_.last_cut(text, same);
  if (cut == 0) {
    ids_ = tokenizer_.encode(text);
  } else {
    // Ids end at every cut, so whole ids are dropped until their bytes end there.
    for (size_t end = text_.size(); end > cut; ids_.pop_back()) {
      end -= tokenizer_.token_bytes(ids_.back()).size();
    }
    tokenizer_.append_encoding(text.substr(cut), ids_);
  }
  text_.assign(text);
  return ids_;
}

}  // namespace rondo::engine
