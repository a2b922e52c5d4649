// The ids of a text that changes a little at a time, such as the text before a cursor: only what
// follows the last cut before the first change is encoded again.
//
// Thread: one. Borrows the Tokenizer, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer.h"

namespace rondo::engine {

class IncrementalEncoding {
 public:
  explicit IncrementalEncoding(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // Always tokenizer.encode(text). The reference holds until the next call.
  const std::vector<int32_t>& update(std::string_view text);

 private:
  const Tokenizer& tokenizer_;
  std::string text_;
  std::vector<int32_t> ids_;  // of text_
};

}  // namespace rondo::engine
