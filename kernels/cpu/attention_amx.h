// The two matrix products of attention on AMX tiles: bf16 factors, float32 sums. Keys and values
// are read as they are stored; queries and weights, which are float, become two bf16 each (high and
// low), so that nothing is rounded to less than 16 bits.
//
//   scores^T [16 keys][16 queries]    = keys [16][32]                 . queries [16 pairs][16][2]
//   out^T    [16 elements][16 queries] = values^T [16 elements][32 keys] . weights [16
//   pairs][16][2]
//
// A pair is two elements, or two keys, as the B operand of a tile multiplication wants them. The
// softmax between the products is ManyQueries' (attention_many-inl.h).
//
// Thread: one object a thread and work item; it holds the thread's tile registers while it lives.
// Borrows pages until the block's last call.
#pragma once

#include <cstdint>

#include "kernels/cpu/amx_tiles.h"
#include "kernels/cpu/attention_plan.h"

namespace rondo::kernels {

class AmxProducts {
 public:
  static constexpr int32_t kMaxLanes = 96;
  static constexpr int32_t kLaneMultiple = 32;  // two tiles of queries at a time

  static bool supports(int32_t head_dim) { return head_dim % 32 == 0; }

  // Reads the queries, float [D][lanes], lanes a multiple of kLaneMultiple.
  AmxProducts(const AttentionUnit& unit, int32_t head_dim, const float* queries);

  // Page `index` of a block.
  void load_keys(const VisiblePage& page, int32_t index) { pages_[index] = page; }
  void load_values(const VisiblePage& page, int32_t index) { pages_[index] = page; }

  // scores[key][lane]; n_keys is a multiple of kPageTokens.
  void scores(int32_t n_keys, float* scores);
  // out[i][lane] = out[i][lane] * rescale[lane] + sum_key values[key][i] * weights[key][lane]
  void weighted_sums(int32_t n_keys, const float* weights, const float* rescale, float* out);

 private:
  // 16 pairs of 16 lanes.
  struct alignas(64) PairTile {
    uint32_t pairs[16][16];
  };
  static constexpr int32_t kPlanes = 2;  // high, low
  static constexpr int32_t kStepKeys = 32;

  void transpose_values(int32_t n_pages);
  void split_weights(int32_t n_keys, const float* weights);
  // Adds kTiles tiles of 16 elements, from tile `first` on, to out[element][lane].
  template <int kTiles>
  void add_tiles(int32_t first, int32_t n_steps, float* out);

  const int32_t dim_;
  const int32_t n_lanes_;
  TileScope tiles_;
  VisiblePage pages_[kBlockEntries];
  PairTile queries_[kMaxLanes / 16][kPlanes][kMaxHeadDim / 32];
  PairTile values_[kBlockKeys / kStepKeys][kMaxHeadDim / 16];  // 16 elements of 32 keys
  PairTile weights_[kBlockKeys / kStepKeys][kPlanes];          // of the 16 lanes in hand
};

}  // namespace rondo::kernels
