// The active tokens of one prompt and their K/V, on top of the Segments that it composes.
//
// Own slot s (the s-th active token) has position active offset + s, its loop 0 K/V in base page s
// / kPageTokens and, for Loop models, its loop 1 K/V in a window page. Window pages far behind the
// end are given back.
//
// Thread: the engine thread. Owns its pages, shares its Segments.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/model.h"
#include "engine/model_config.h"
#include "engine/page_list.h"
#include "engine/prefill_plan.h"
#include "engine/segment_store.h"

namespace rondo::engine {

class Sequence {
 public:
  // Composes `segments` in the order of their keys, so that equal sets are bit-equal whatever asked
  // for them.
  Sequence(const ModelConfig& config, PagePool& pool,
           std::vector<std::shared_ptr<const Segment>> segments);

  const std::vector<std::shared_ptr<const Segment>>& segments() const { return segments_; }
  int32_t n_segment_tokens() const { return n_segment_tokens_; }
  // The tokens whose loop 0 K/V are there.
  const TokenIds& tokens() const { return tokens_; }
  int32_t n_tokens() const { return static_cast<int32_t>(tokens_.size()); }
  std::span<const int32_t> valid_from() const { return valid_from_; }
  // How many leading tokens of `prompt` it already holds.
  int32_t n_matching(std::span<const int32_t> prompt) const;

  // Takes over pages that hold the beginning of a prompt, full ones; nobody writes to them.
  // REQUIRES: it holds no token.
  void adopt(std::span<const int32_t> tokens, std::span<const int32_t> pages);
  // The base pages of its slots, for others to adopt the first `n_pages` too: from now on nobody
  // writes to these. REQUIRES: they are full.
  const PageList& share(int32_t n_pages);
  // How many leading slots are in pages that others may have adopted.
  int32_t n_shared() const { return n_shared_pages_ * kernels::kPageTokens; }
  // How many leading tokens have K/V of kernels of many rows alone.
  int32_t n_of_many_rows() const { return n_of_many_rows_; }

  // Loop 1's keys of slots before `slot` are not needed: their pages go, and none are reserved.
  void begin_window(int32_t slot);
  // Has pages for slots [0, n_tokens) afterwards, of loop 1 from where its window begins; false
  // when the pool is short.
  bool reserve(int32_t n_tokens);
  // The same, but of loop 1 for `n_window` slots that slide_window moves along.
  bool reserve(int32_t n_tokens, int32_t n_window);
  // begin_window, with the pages that go becoming those of later slots.
  void slide_window(int32_t slot);
  // Forgets the tokens from `n_tokens` on, which is the end of a page where they are shared.
  void truncate(int32_t n_tokens);
  // The same, and loop 1's keys of all that is left too: its window starts over at `n_tokens`.
  void rewind(int32_t n_tokens);
  // The kernels that a row's loop 0 K/V come from (kernels.h).
  enum class RowFamily { kFewRows, kManyRows };
  // Adds tokens whose loop 0 K/V have been written.
  void append(std::span<const int32_t> tokens, RowFamily family = RowFamily::kFewRows);
  // Notes that loop 1's keys of layer l are valid from ranges[l].keys_from, or from before when
  // they join up at n_cached.
  void note_window_keys(std::span<const LayerRange> ranges, int32_t n_cached);
  // Gives back pages that no later token needs: beyond the end, and window pages far behind it.
  void trim(int32_t n_window_kept);

  // Adds the rows of slots [from, to) to `step`, with the given tokens; rows that begin before the
  // window are loop 0's alone.
  void add_rows(int32_t from, std::span<const int32_t> tokens, Step& step) const;

 private:
  void forget_behind(int32_t n_tokens);
  void move_window(int32_t first_page);

  const ModelConfig& config_;
  std::vector<std::shared_ptr<const Segment>> segments_;  // by key
  std::vector<kernels::PageRef> context_;                 // their pages
  int32_t n_segment_tokens_ = 0;
  TokenIds tokens_;
  int32_t n_of_many_rows_ = 0;
  int32_t n_shared_pages_ = 0;
  PageList base_pages_;    // [i]: slots [16 i, 16 i + 16)
  PageList window_pages_;  // [i]: the same from page first_window_page_ on; Loop models only
  int32_t first_window_page_ = 0;
  std::vector<int32_t> valid_from_;  // [L] first slot with loop 1 keys; Loop models only
};

}  // namespace rondo::engine
