// BytePairs: byte-level BPE. A word is taken as its bytes; of all neighbours that some merge joins,
// those of the earliest merge are joined first, the leftmost of them before the others, until no
// merge joins any (Sennrich et al., arXiv 1508.07909, with the order of HuggingFace's tokenizers).
//
// Thread: append() from any thread once all is added.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rondo::engine {

class BytePairs {
 public:
  BytePairs() { byte_ids_.fill(-1); }

  void set_byte(uint8_t byte, int32_t id) { byte_ids_[byte] = id; }
  // The id of a single byte; -1: it has none.
  int32_t byte_id(uint8_t byte) const { return byte_ids_[byte]; }
  // `left` and `right` become `merged`, later than by all merges before.
  void add_merge(int32_t left, int32_t right, int32_t merged);

  // Appends the ids of `word`. REQUIRES: each of its bytes has an id.
  void append(std::string_view word, std::vector<int32_t>& ids) const;

 private:
  struct Merge {
    int32_t rank = 0;
    int32_t id = 0;  // of what the two become
  };
  struct Symbol;
  struct Joint;

  const Merge* find(int32_t left, int32_t right) const;

  std::array<int32_t, 256> byte_ids_;
  std::unordered_map<uint64_t, Merge> merges_;  // by left << 32 | right
  int32_t n_merges_ = 0;
};

}  // namespace rondo::engine
