// The two matrix products of attention on AMX tiles: bf16 factors, float32 sums. Queries (times
// scale and log2 e) and weights are rounded to bf16, as they are on GPUs; keys are read where they
// lie, a page is a B operand (kv_pages.h).
//
//   scores [16 queries][16 keys]  = queries [16][32 elements] . keys   [16 pairs][16 keys][2]
//   out [16 queries][16 elements] = weights [16][32 keys]     . values [16 pairs][16 elements][2]
//
// The 16 pairs of values are two pages, so values are copied to where one follows the other, and
// those that nobody sees become zeros. The softmax between the products takes 16 queries at a time,
// so that what is done once a query, its maximum, sum and rescaling, is done in vectors too.
//
// Thread: one object a thread and work item; it holds the thread's tile registers while it lives.
#pragma once

#include <cstdint>

#include "kernels/cpu/amx_tiles.h"
#include "kernels/cpu/attention_plan.h"

namespace rondo::kernels {

class AmxProducts {
 public:
  static constexpr int32_t kMaxQueries = 96;
  static constexpr int32_t kMultiple = 32;  // two tiles of queries at a time

  static constexpr int32_t kSplitEntries = 64;
  static constexpr float kLnBase = 0.693147181f;  // scores are logarithms to this base
  static constexpr bool kWeighs = true;           // the softmax is ours

  static bool supports(int32_t head_dim) { return head_dim % 32 == 0; }

  AmxProducts(const AttentionParams& params, const AttentionUnit& unit);

  void scores(const VisiblePage* pages, int32_t n_pages, float* scores);
  // Adds the pages, which have these scores, to `result`.
  void add(const VisiblePage* pages, int32_t n_pages, const float* scores, const Partial& result);

 private:
  static constexpr int32_t kStepKeys = 32;  // of a tile of weights
  static constexpr int32_t kMaxSteps = kBlockKeys / kStepKeys;

  // 16 rows of 32 bf16.
  struct alignas(64) RowTile {
    uint16_t rows[16][32];
  };

  void load_queries(const AttentionParams& params, const AttentionUnit& unit);
  // The scores of queries [q, q + 16) become weights; their maxima, sums and outputs so far are
  // brought up to date.
  void weigh(int32_t q, int32_t n_keys, const float* scores, const Partial& result);
  // out[r] *= factor[r]
  void rescale(__m512 factor, float* out) const;
  // Adds kTiles tiles of 16 elements, from element `i` on, to out[query][i..].
  template <int kTiles>
  void add_tiles(int32_t i, int32_t n_steps, const RowTile* weights, float* out);

  const int32_t dim_;
  const int32_t n_queries_;  // padded
  TileScope tiles_;
  RowTile queries_[kMaxQueries / 16][kMaxHeadDim / 32];
  RowTile weights_[2][kMaxSteps];                          // of 16 queries, and of the next
  alignas(64) uint16_t values_[kBlockKeys * kMaxHeadDim];  // [key / 2][D][2]
};

}  // namespace rondo::kernels
