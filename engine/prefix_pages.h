// The full pages of prompts, kept for prompts that begin alike: so a model that was not trained on
// Segments finds its context again, whoever asks.
//
//   key of page i = hash(key of page i - 1, the 16 tokens of page i)   page -1: the model's digest
//
// K/V of a page depend on all tokens before it, and so does its key. Only whole pages are kept, and
// only those whose rows all ran on the kernels of many rows (kernels.h): their bits are those that
// a prompt computes that finds nothing, as long as it would have used these kernels too, which
// first_slot sees to.
//
// Thread: the engine thread. Holds one reference to each page; sequences that have adopted it hold
// others.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "engine/eviction_order.h"
#include "engine/page_list.h"
#include "engine/request.h"

namespace rondo::engine {

class PrefixPages {
 public:
  PrefixPages(Hash128 model_digest, EvictionOrder& order)
      : model_digest_(model_digest), order_(order) {}

  // The pages that hold the beginning of `tokens`, as many as are kept; they stay until something
  // is evicted. Token ids are compared, so that a hash collision is a miss.
  std::vector<int32_t> find(std::span<const int32_t> tokens) const;
  // The first `n_pages` of those serve a prompt again. REQUIRES: find() had them.
  void note_use(std::span<const int32_t> tokens, int32_t n_pages);
  // Keeps the first `n_pages` of `pages`, which hold the beginning of `tokens`; a page that came
  // first wins.
  void insert(std::span<const int32_t> tokens, const PageList& pages, int32_t n_pages);

  // True if no sequence holds the page. REQUIRES: it is kept.
  bool is_free(Hash128 key) const { return !entries_.at(key).page.is_shared(0); }
  void erase(Hash128 key);
  void clear();

  int64_t n_pages() const { return static_cast<int64_t>(entries_.size()); }

 private:
  struct Entry {
    Hash128 before;   // the key of the page before
    TokenIds tokens;  // [kPageTokens]
    PageList page;    // one
    EvictionOrder::Place place;
  };

  std::vector<Hash128> keys(std::span<const int32_t> tokens, int32_t n_pages) const;

  const Hash128 model_digest_;
  EvictionOrder& order_;
  std::unordered_map<Hash128, Entry, Hash128Hasher> entries_;
};

// Where a prefill of `n_tokens` in chunks of `chunk_tokens` begins when `n_found` are there, at
// most: at a page, and so that the rows of the chunk that it begins in run on the kernels that they
// would have run on had nothing been there.
int32_t first_slot(int32_t n_found, int32_t n_tokens, int32_t chunk_tokens, int32_t few_rows);

}  // namespace rondo::engine
