// A product with up to 32 rows on sm_90 and later: a decode step, limited by reading the weights
// once. One kernel for all of a layer's products; the norm before, and the residual, SwiGLU or
// rotation behind are part of it.
//
// A block takes tiles of kOutputs rows of W in turn, a block or two a multiprocessor. Warps have
// roles that meet at barriers in shared memory alone:
//
//   kAsker      asks the copy engine for weights, a stage after the other, as slots become empty
//   kConsumers  multiply; in a stage warp w takes the pieces of 64 bytes w, w + 8, ..: four lanes
//               side by side in a row of W, 16 bytes each, eight rows
//   kStorers    add up what the consumers have of a tile, and store it
//
//   ring of slots:   8 rows of W [stage_bytes / 128][8][128 bytes]     full: the bytes are there
//                    8 more ..                                         empty: consumers are through
//                    int4: scales of the first 8 rows, ..
//                    rows of x [inputs / 64][T][128 bytes], if x is not held whole
//
// Lines of 128 bytes lie as the copy engine lays them (matrix_map.h). Lane group g takes row
// (g % 2) * 4 + g / 2 of W, so that neighbouring groups read other banks.
//
// Weights do not wait for the kernels before: while those are at work a ring of them a
// multiprocessor is on its way, so the memory is busy between two products too. A product of the
// tensor cores has rows of x as A and 8 outputs as B (mma.cuh).
//
// Numerics: x, times the norm's weights, is rounded: to bf16 for bf16 weights, to integers for int8
// and int4 (stream_rows.h), whose products and sums of a warp (int4: of a group) are exact. Of bf16
// a warp adds the even and the odd products of its pieces in turn, float32, then both; then the
// warps in turn, whatever the tiles and the number of rows. Scales and the row's factor come last,
// int4's scales with each group. A row's bits depend on the row alone.
#pragma once

#include "kernels/cuda/bulk.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/stream_block.cuh"
#include "kernels/cuda/stream_plan.h"
#include "kernels/cuda/stream_sums.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {

// Who says that a stage's slot is empty: a warp's first lane behind all others; where scales were
// copied every lane for itself, because those copies are what compute-sanitizer follows.
template <class Weights>
constexpr bool kEveryLaneArrives = kHasGroups<Weights>;

// Asks for a stage's weights. By one thread. x_bytes: what else will come.
template <class Weights, int kOutputs, class Shared>
__device__ void ask_for_weights(const Matrix& m, const MatrixMap& map, const StreamPlan& plan,
                                const Tile<kOutputs>& tile, const Shared& shared,
                                const Stage& stage, int x_bytes) {
  constexpr int kBoxes = kOutputs / kBoxRows;
  const int box_bytes = kBoxRows * plan.stage_bytes;
  Barrier& full = shared.full[stage.slot];
  unsigned char* slot = shared.slots + stage.slot * plan.slot_bytes;
  if constexpr (!kHasGroups<Weights>) {
    full.arrive_and_expect(kBoxes * box_bytes + x_bytes);
  } else {
    const int n_bytes = scale_bytes(m, stage.n_bytes(m, plan));
    const auto group = static_cast<int32_t>(stage.at / kPiece);
    int n_scaled = 0;
    for (int box = 0; box < kBoxes; ++box) n_scaled += tile.has(box * kBoxRows, m.n);
    full.arrive_and_expect(kBoxes * box_bytes + n_scaled * n_bytes + x_bytes);
    unsigned char* scales = slot + kBoxes * box_bytes;
    for (int box = 0; box < kBoxes; ++box) {
      if (tile.has(box * kBoxRows, m.n))
        copy_bulk(scales + box * scale_bytes(m, plan.stage_bytes),
                  m.scales_of(tile.row(box * kBoxRows), group), n_bytes, full);
    }
  }
#pragma unroll
  for (int box = 0; box < kBoxes; ++box)
    copy_box(slot + box * box_bytes, map, tile.row(box * kBoxRows),
             static_cast<int32_t>(stage.at / kLine), full);
}

// By one thread.
template <class Weights, int kOutputs, class Shared>
__device__ void ask(const StreamRows& in, const Matrix& m, const StreamMaps& maps,
                    const StreamPlan& plan, const StreamTiles& tiles, const Shared& shared) {
  constexpr int kLineInputs = kLine / 2;
  const int x_lines = plan.stage_bytes / kPiece * kPieceInputs<Weights> / kLineInputs;
  Stage stage, behind;  // whose weights, and whose rows of x are asked for next
  bool inputs_are_there = false;
  while (stage.tile < tiles.n_tiles) {
    const Tile<kOutputs> tile(tiles, stage.tile);
    for (const int index = stage.tile; stage.tile == index; stage.next(m, plan)) {
      if (stage.count >= plan.n_slots) shared.empty[stage.slot].wait(stage.round ^ 1);
      ask_for_weights<Weights>(m, maps.w, plan, tile, shared, stage,
                               plan.holds_x ? 0 : in.n_rows * x_lines * kLine);
      if (plan.holds_x) continue;
      // The ring is full, or all is asked for, before anything waits for x.
      const bool is_last = stage.at + plan.stage_bytes >= m.row_bytes &&
                           stage.tile + static_cast<int>(gridDim.x) >= tiles.n_tiles;
      if (!inputs_are_there) {
        if (stage.count + 1 < plan.n_slots && !is_last) continue;
        wait_for_inputs();
        inputs_are_there = true;
      }
      for (; behind.count <= stage.count; behind.next(m, plan)) {
        const int64_t first = behind.at / kPiece * kPieceInputs<Weights>;
        copy_box(shared.slots + behind.slot * plan.slot_bytes + plan.x_offset, maps.x, 0,
                 static_cast<int32_t>(first / kLineInputs), shared.full[behind.slot]);
      }
    }
  }
}

// Where 16 bytes number i of a row's line are in shared memory.
__device__ inline unsigned char* place_in_line(unsigned char* lines, int line, int i) {
  return lines + line * kLine + (i ^ line % 8) * 16;
}

// Takes all rows of x to shared memory, rounded, with what their sums will be multiplied with. By
// all consumers.
template <class Weights, class Shared>
__device__ void hold_rows(const StreamRows& in, const Matrix& m, const StreamPlan& plan,
                          const Shared& shared) {
  const auto k_end = static_cast<int>(m.row_bytes / kPiece * kPieceInputs<Weights>);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int row = 0; row < in.n_rows; ++row) {
    RowRange range;
    if constexpr (Weights::kIsInteger) {
      range = range_of_row(in, row, m.k);
    } else {
      range.squares = round_row(in, row, m.k, k_end, [&](int at, const uint2& four) {
        unsigned char* to =
            place_in_line(shared.x, at / 64 * in.n_rows + row, at * 2 % kLine / 16) + at * 2 % 16;
        *reinterpret_cast<uint2*>(to) = four;
      });
    }
    if (lane == 0) shared.ranges[row][warp] = range;
  }
  meet<kConsumerThreads>(1);
  if constexpr (Weights::kIsInteger) {
    for (int row = 0; row < in.n_rows; ++row) {
      const float largest = whole_range(shared.ranges[row]).largest;
      quantize_row<Weights>(in, row, m.k, k_end, largest,
                            [&](int at, const uint2& high, const uint2& low) {
                              const int line = at / 64 * in.n_rows + row, i = at % 64 / 16;
                              unsigned char* to = place_in_line(shared.x, line, i) + at % 16;
                              *reinterpret_cast<uint2*>(to) = high;
                              to = place_in_line(shared.x, line, i + 4) + at % 16;
                              *reinterpret_cast<uint2*>(to) = low;
                            });
    }
    meet<kConsumerThreads>(1);
  }
}

// Fetches the norm's weights ahead. By all consumers.
__device__ inline void fetch_norm(const StreamRows& in, int32_t k) {
  constexpr int kFloats = kLine / sizeof(float);
  if (in.norm_weight == nullptr) return;
  for (int at = kFloats * threadIdx.x; at < k; at += kFloats * kConsumerThreads)
    asm volatile("prefetch.global.L1 [%0];" ::"l"(in.norm_weight + at));
}

// What the sums of a row that is held are multiplied with.
template <class Weights>
__device__ float held_factor(const StreamRows& in, const RowRange (&of_warps)[kConsumers],
                             int32_t k) {
  const RowRange all = whole_range(of_warps);
  return Weights::kIsInteger ? factor_of(in, all, k) : norm_factor(all.squares, k, in.eps);
}

template <class Weights, int kTiles, int kRows, class Shared>
__device__ void consume(const StreamRows& in, const Matrix& m, const StreamPlan& plan,
                        const StreamTiles& tiles, const Shared& shared) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  LaneRows<kRows> rows;
#pragma unroll
  for (int octet = 0; octet < kRows / 8; ++octet)
    rows[octet] = {8 * octet + g, in.n_rows, shared.zeros};
  Stage stage;
  for (int n = 0; stage.tile < tiles.n_tiles; ++n) {
    StreamSums<Weights, kTiles, kRows> sums;
    const int tile = stage.tile;
    while (stage.tile == tile) {
      const unsigned char* slot = shared.slots + stage.slot * plan.slot_bytes;
      const unsigned char* x = plan.holds_x ? shared.x : slot + plan.x_offset;
      if (plan.holds_x)
        x += stage.at / kPiece * kPieceInputs<Weights> * 2 / kLine * in.n_rows * kLine;
      shared.full[stage.slot].wait(stage.round);
      add_stage(slot, m, plan, stage.n_bytes(m, plan) / kPiece, x, rows, sums);
      __syncwarp();
      if (kEveryLaneArrives<Weights> || lane == 0) shared.empty[stage.slot].arrive();
      stage.next(m, plan);
    }
    const int buffer = n % Shared::kBuffers, round = n / Shared::kBuffers;
    auto& parts = shared.parts[buffer][warp];
    if (round > 0) shared.parts_empty[buffer].wait((round - 1) % 2);
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int e = 0; e < kRows / 4; ++e)  // lane groups 2t and 2t + 1 had rows t, t + 4
        parts[g + e / 2 * 8][i * 8 + e % 2 * 4 + t] = sums.value(i, e / 2, e % 2);
    }
    shared.parts_full[buffer].arrive();
  }
}

// A thread's share of a tile: kItems times a row and an output, or a pair of outputs, kAtOnce at a
// time. What it needs beside the sums it fetches before they are there.
template <class Weights, int kRows, int kOutputs, class Epilogue, class Shared>
__device__ void store(const StreamRows& in, const Matrix& m, bool holds_x, const StreamTiles& tiles,
                      const Epilogue& epilogue, const Shared& shared) {
  constexpr int kStored = Epilogue::kPaired ? kOutputs / 2 : kOutputs;
  constexpr int kSums = Epilogue::kPaired ? 2 : 1;
  constexpr int kItems = (kRows * kStored + kStorerThreads - 1) / kStorerThreads;
  constexpr int kAtOnce = kItems < 8 ? kItems : 8;
  const int thread = threadIdx.x - kConsumerThreads, n_items = in.n_rows * kStored;
  bool inputs_are_there = false;
  int n = 0;
  for (int index = blockIdx.x; index < tiles.n_tiles; index += gridDim.x, ++n) {
    const Tile<kOutputs> tile(tiles, index);
    const int buffer = n % Shared::kBuffers;
#pragma unroll 1
    for (int first = thread; first < thread + kItems * kStorerThreads;
         first += kAtOnce * kStorerThreads) {
      typename Epilogue::Early early[kAtOnce] = {};
      float scales[kAtOnce][kSums], factors[kAtOnce] = {};
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        const int item = i * kStorerThreads + first, r = item % kStored;
#pragma unroll
        for (int s = 0; s < kSums; ++s) {
          const bool scaled = m.scales != nullptr && item < n_items && tile.has(r, m.n);
          scales[i][s] = scaled ? m.scales[tile.row(r + s * kStored)] : 1.0f;
        }
      }
      if (!inputs_are_there) wait_for_inputs(), inputs_are_there = true;
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        const int item = i * kStorerThreads + first, r = item % kStored;
        if (item >= n_items || !tile.has(r, m.n)) continue;
        early[i] = epilogue.prepare(item / kStored, tile.row(r));
        if (in.factors != nullptr) factors[i] = in.factors[item / kStored];
      }
      if (first == thread) shared.parts_full[buffer].wait(n / Shared::kBuffers % 2);
      const auto& parts = shared.parts[buffer];
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        const int item = i * kStorerThreads + first, row = item / kStored, r = item % kStored;
        if (item >= n_items || !tile.has(r, m.n)) continue;
        float sums[kSums] = {};
#pragma unroll
        for (int s = 0; s < kSums; ++s) {
#pragma unroll
          for (int w = 0; w < kConsumers; ++w) sums[s] += parts[w][row][r + s * kStored];
          sums[s] = __fmul_rn(sums[s], scales[i][s]);
        }
        const bool is_held = holds_x && (Weights::kIsInteger || in.norm_weight != nullptr);
        if (is_held) factors[i] = held_factor<Weights>(in, shared.ranges[row], m.k);
        if (is_held || in.factors != nullptr) {
#pragma unroll
          for (int s = 0; s < kSums; ++s) sums[s] = __fmul_rn(sums[s], factors[i]);
        }
        epilogue.store(row, tile.row(r), sums, early[i]);
      }
    }
    shared.parts_empty[buffer].arrive();
  }
}

// kTiles * 8 rows of W a tile; up to kRows rows of x.
template <class Weights, int kTiles, int kRows, class Epilogue>
__global__ void __launch_bounds__(kStreamThreads)
    stream_kernel(const __grid_constant__ StreamMaps maps, const __grid_constant__ StreamRows in,
                  const __grid_constant__ Matrix m, const __grid_constant__ StreamPlan plan,
                  const __grid_constant__ StreamTiles tiles,
                  const __grid_constant__ Epilogue epilogue) {
  constexpr int kOutputs = kTiles * 8;
  const int warp = threadIdx.x / 32;
  let_next_start();
  const StreamShared<kRows, kOutputs> shared(plan);
  constexpr int kArrivals = kEveryLaneArrives<Weights> ? kConsumerThreads : kConsumers;
  if (threadIdx.x == 0) shared.init(plan.n_slots, kArrivals);
  __syncthreads();
  if (warp == kAsker) {
    if (threadIdx.x % 32 == 0) ask<Weights, kOutputs>(in, m, maps, plan, tiles, shared);
  } else if (warp >= kConsumers) {
    store<Weights, kRows, kOutputs>(in, m, plan.holds_x, tiles, epilogue, shared);
  } else {
    if (plan.holds_x) fetch_norm(in, m.k);
    wait_for_inputs();
    if (plan.holds_x) hold_rows<Weights>(in, m, plan, shared);
    consume<Weights, kTiles, kRows>(in, m, plan, tiles, shared);
  }
}

template <class Weights, int kTiles, int kRows, class Epilogue>
int launch_stream_tiles(const StreamRows& rows, const Matrix& m, int32_t distance,
                        const Epilogue& epilogue, const StreamTuning& tuning, Context& c) {
  constexpr int kOutputs = kTiles * 8;
  StreamTiles tiles = {.n_tiles = (m.n + kOutputs - 1) / kOutputs, .distance = distance};
  if (distance > 0) {
    tiles.blocks = (2 * distance + kOutputs - 1) / kOutputs;
    tiles.n_tiles = m.n / (2 * distance) * tiles.blocks;
  }
  const StreamPlan plan = plan_stream<Weights>(m, rows.n_rows, kOutputs, tuning);
  StreamMaps maps;
  bool encoded = maps.w.encode(m.rows, m.n, m.row_bytes, kBoxRows, plan.stage_bytes);
  if (!plan.holds_x) {
    const int32_t x_bytes = plan.stage_bytes / kPiece * kPieceInputs<Weights> * 2;
    encoded &= maps.x.encode(rows.rounded, rows.n_rows, rows.stride * 2, rows.n_rows, x_bytes);
  }
  if (!encoded) return kBadArguments;
  const int most = c.n_multiprocessors() * tuning.blocks;
  return launch(c, stream_kernel<Weights, kTiles, kRows, Epilogue>,
                {.grid = std::min(tiles.n_tiles, most),
                 .block = kStreamThreads,
                 .shared_bytes = plan.shared_bytes},
                maps, rows, m, plan, tiles, epilogue);
}

// Rows that come as they are and are not held are rounded by a kernel of their own.
template <class Weights, class Epilogue>
int launch_stream_rows(StreamRows rows, const Matrix& m, int32_t distance, const Epilogue& epilogue,
                       const StreamTuning& tuning, Context& c) {
  if (rows.rounded == nullptr && !holds_rows<Weights>(m, rows.n_rows, tuning)) {
    if (const int failed = round_rows(rows, m.k, m.type, c); failed != kOk) return failed;
  }
  if (rows.n_rows <= 8)
    return launch_stream_tiles<Weights, 2, 8>(rows, m, distance, epilogue, tuning, c);
  // Large tiles fetch x less often, small ones leave no multiprocessor of a small product idle.
  constexpr int kLarge = 4;
  const bool is_small = m.n < kLarge * kBoxRows * c.n_multiprocessors();
  if (rows.n_rows <= 16) {
    return is_small
               ? launch_stream_tiles<Weights, 2, 16>(rows, m, distance, epilogue, tuning, c)
               : launch_stream_tiles<Weights, kLarge, 16>(rows, m, distance, epilogue, tuning, c);
  }
  constexpr int kWide = Weights::kIsInteger ? kLarge : Epilogue::kWideTiles;
  return is_small ? launch_stream_tiles<Weights, 2, 32>(rows, m, distance, epilogue, tuning, c)
                  : launch_stream_tiles<Weights, kWide, 32>(rows, m, distance, epilogue, tuning, c);
}

// Queues a product of up to kFewRows rows. `distance`: between the rows of W of a pair, 0 for a
// plain product. REQUIRES: m.n a multiple of 2 * distance.
template <class Epilogue>
int launch_stream(const StreamRows& rows, const Matrix& m, int32_t distance,
                  const Epilogue& epilogue, const StreamTuning& tuning, Context& c) {
  switch (m.type) {
    case WeightType::kBf16:
      return launch_stream_rows<Bf16Weights>(rows, m, distance, epilogue, tuning, c);
    case WeightType::kInt8:
      return launch_stream_rows<Int8Weights>(rows, m, distance, epilogue, tuning, c);
    case WeightType::kInt4:
    case WeightType::kInt4Zeros:
      return launch_stream_rows<Int4Weights>(rows, m, distance, epilogue, tuning, c);
  }
  return kBadArguments;
}
template <class Epilogue>
int launch_stream(const StreamRows& rows, const Matrix& m, int32_t distance,
                  const Epilogue& epilogue, Context& c) {
  return launch_stream(rows, m, distance, epilogue, tuning_of(m, rows.n_rows), c);
}

}  // namespace rondo::kernels::cuda
