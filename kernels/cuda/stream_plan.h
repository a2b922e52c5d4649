// How a product with few rows (linear_stream.cuh) is cut into tiles and stages, and what lies where
// in a block's shared memory. Made on the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/cuda/matrix.h"
#include "kernels/cuda/matrix_map.h"
#include "kernels/cuda/stream_rows.h"
#include "kernels/cuda/weights.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {

constexpr int kConsumers = kRowSums;  // warps
constexpr int kStorers = 2;           // warps
constexpr int kConsumerThreads = 32 * kConsumers;
constexpr int kStorerThreads = 32 * kStorers;
constexpr int kAsker = kConsumers + kStorers;  // the warp behind them
constexpr int kStreamThreads = 32 * (kAsker + 1);
constexpr int kPiece = 64;  // bytes of a row that a warp takes at a time
constexpr int kLine = MatrixMap::kRowBytes;
constexpr int kBoxRows = 8;  // of W
constexpr int kMaxSlots = 12, kLeastSlots = 3;

// What lies where in a block's shared memory, in bytes; made on the host.
//
//   barriers | zeros [128 bytes] | ranges RowRange [held rows][8] | parts f32 [1 or 2][8][rows]
//   [outputs] | x [k / 64][T][128 bytes], if held | slots
struct StreamPlan {
  int32_t n_slots = 0;
  int32_t stage_bytes = 0;  // of a row of W: a multiple of 8 pieces, or the whole row
  int32_t x_offset = 0;     // of rows of x in a slot
  int32_t slot_bytes = 0;
  bool holds_x = false;
  int32_t zeros = 0, ranges = 0, parts = 0, x = 0, slots = 0, shared_bytes = 0;
};

// Where a tile's rows of W are: plain outputs in turn, or pairs `distance` apart, of which a tile
// has kOutputs / 2.
struct StreamTiles {
  int32_t n_tiles = 0;
  int32_t distance = 0;  // 0: plain
  int32_t blocks = 0;    // tiles that it takes to go through a distance
};

// Rows are multiplied as if there were 8, 16 or 32.
constexpr int32_t padded_rows(int32_t n_rows) { return n_rows <= 8 ? 8 : n_rows <= 16 ? 16 : 32; }
// Tiles whose sums of warps have room: one is stored while the next is being made, or first.
__host__ __device__ constexpr int parts_buffers(int padded_rows) {
  return padded_rows > 16 ? 1 : 2;
}

constexpr int kBarrierBytes = (2 * kMaxSlots + 4) * 8;

template <class Weights>
constexpr bool kHasGroups = std::is_same_v<Weights, Int4Weights>;
// Inputs of a piece; bytes of a stage's scales for 8 outputs.
template <class Weights>
constexpr int kPieceInputs = kPiece / 16 * Weights::kLane;
__host__ __device__ inline int scale_bytes(const Matrix& m, int stage_bytes) {
  return stage_bytes / kPiece * m.scale_bytes();
}

// Sizes that were measured on an H100.
struct StreamTuning {
  int32_t stage_bytes = 2048;      // of a row of W
  int32_t most_bytes = 200 << 10;  // of shared memory
  int32_t blocks = 1;              // of a multiprocessor
  // Rows of x that a block holds. To make them ready takes it 0.7 us each, which it does one after
  // the other; a kernel that does it for all blocks takes as long as two.
  int32_t most_held_rows = 2;
  int32_t most_held_bytes = 24 << 10;
};

inline StreamTuning tuning_of(const Matrix& m, int32_t n_rows) {
  if (n_rows > 16) return {.most_bytes = 224 << 10};  // rows of x take much of it
  if (m.type == WeightType::kBf16 || n_rows > 8) return {};
  return {.stage_bytes = 1024, .most_bytes = 110 << 10, .blocks = 2};  // converting weights is work
}

__host__ inline int32_t rounded_up(int64_t n, int64_t to) {
  return static_cast<int32_t>((n + to - 1) / to * to);
}

// Whether a block holds all of x, so that it may come as it is.
template <class Weights>
bool holds_rows(const Matrix& m, int32_t n_rows, const StreamTuning& tuning) {
  return n_rows <= tuning.most_held_rows &&
         n_rows * (m.row_bytes / kPiece * kPieceInputs<Weights>)*2 <= tuning.most_held_bytes;
}

template <class Weights>
StreamPlan plan_stream(const Matrix& m, int32_t n_rows, int32_t n_outputs,
                       const StreamTuning& tuning) {
  constexpr int32_t kBox = kBoxRows * kLine;
  StreamPlan p;
  const auto row_bytes = static_cast<int32_t>(m.row_bytes);
  const auto input_bytes = [](int32_t bytes) { return bytes / kPiece * kPieceInputs<Weights> * 2; };
  p.holds_x = holds_rows<Weights>(m, n_rows, tuning);
  p.zeros = rounded_up(kBarrierBytes, kLine);
  p.ranges = p.zeros + kLine;
  p.parts =
      p.ranges + rounded_up(tuning.most_held_rows * kConsumers * int64_t{sizeof(RowRange)}, kLine);
  const int32_t n_padded = padded_rows(n_rows);
  p.x = p.parts + parts_buffers(n_padded) * kConsumers * n_padded * n_outputs * 4;
  p.slots = rounded_up(p.x + (p.holds_x ? n_rows * input_bytes(row_bytes) : 0), kBox);
  // The longest stage of which some fit: rows of x take room too.
  for (int32_t stage_bytes = tuning.stage_bytes;; stage_bytes /= 2) {
    // A whole row that is a little longer saves a short stage, where rows of x leave room for it.
    const int32_t longest = n_padded > 16 ? stage_bytes : stage_bytes * 3 / 2;
    p.stage_bytes = row_bytes <= longest ? row_bytes : stage_bytes;
    const int32_t scales = kHasGroups<Weights> ? scale_bytes(m, p.stage_bytes) * n_outputs / 8 : 0;
    p.x_offset = rounded_up(n_outputs * p.stage_bytes + scales, kBox);
    p.slot_bytes =
        rounded_up(p.x_offset + (p.holds_x ? 0 : n_rows * input_bytes(p.stage_bytes)), kBox);
    p.n_slots = std::min((tuning.most_bytes - p.slots) / p.slot_bytes, kMaxSlots);
    if (p.n_slots >= kLeastSlots || stage_bytes <= kConsumers * kPiece) break;
  }
  const int64_t n_stages = (row_bytes + p.stage_bytes - 1) / p.stage_bytes;
  p.n_slots = static_cast<int32_t>(
      std::max<int64_t>(2, std::min<int64_t>(p.n_slots, kLeastSlots * n_stages)));
  p.shared_bytes = p.slots + p.n_slots * p.slot_bytes;
  return p;
}

}  // namespace rondo::kernels::cuda
