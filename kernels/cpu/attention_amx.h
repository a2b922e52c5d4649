// The two matrix products of attention on AMX tiles: bf16 factors, float32 sums. Queries and
// weights, which are float, become two bf16 each (bf16_planes.h), so that nothing is rounded to
// less than 16 bits; keys are read where they lie, a page is a B operand (kv_pages.h).
//
//   scores [16 queries][16 keys]  = queries [16][32 elements] . keys   [16 pairs][16 keys][2]
//   out [16 queries][16 elements] = weights [16][32 keys]     . values [16 pairs][16 elements][2]
//
// The 16 pairs of values are two pages, so values are copied to where one follows the other, and
// those that nobody sees become zeros. The softmax between the products is SplitSoftmax
// (attention_softmax-inl.h).
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

  static bool supports(int32_t head_dim) { return head_dim % 32 == 0; }

  AmxProducts(const AttentionParams& params, const AttentionUnit& unit);

  void scores(const VisiblePage* pages, int32_t n_pages, float* scores);
  void weighted_sums(const VisiblePage* pages, int32_t n_pages, const float* weights,
                     const float* rescale, float* out);

 private:
  static constexpr int32_t kPlanes = 2;     // high, low
  static constexpr int32_t kStepKeys = 32;  // of a tile of weights
  static constexpr int32_t kMaxSteps = kBlockKeys / kStepKeys;

  // 16 rows of 32 bf16.
  struct alignas(64) RowTile {
    uint16_t rows[16][32];
  };

  void load_queries(const AttentionParams& params, const AttentionUnit& unit);
  // The weights of 16 queries, as tiles.
  void split_weights(int32_t n_keys, const float* weights);
  // Adds kTiles tiles of 16 elements, from element `i` on, to out[query][i..].
  template <int kTiles>
  void add_tiles(int32_t i, int32_t n_steps, float* out);

  const int32_t dim_;
  const int32_t n_queries_;  // padded
  TileScope tiles_;
  RowTile queries_[kMaxQueries / 16][kPlanes][kMaxHeadDim / 32];
  RowTile weights_[kMaxSteps][kPlanes];
  alignas(64) uint16_t values_[kBlockKeys * kMaxHeadDim];  // [key / 2][D][2]
};

}  // namespace rondo::kernels
