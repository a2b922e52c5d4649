// The sums of a warp of consumers (linear_stream.cuh): products of its pieces of rows of W with the
// rows of x, in registers. Rows g and g + 8 of x are a lane's, of each tile of 8 outputs two.
#pragma once

#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/stream_plan.h"
#include "kernels/cuda/weights.cuh"

namespace rondo::kernels::cuda {

// 16 bytes of a row of x, and those behind them: within a line their places differ in the bits of
// their number alone, as long as the first's number is a multiple of theirs.
struct Octets {
  const unsigned char* line;
  int first;  // bytes

  __device__ uint4 operator[](int i) const {
    return *reinterpret_cast<const uint4*>(line + (first ^ i * 16));
  }
};

// A lane's row of x in lines of shared memory; there are zeros where it has none.
struct Row {
  Row() = default;
  __device__ Row(int row, int n_rows, const unsigned char* zeros)
      : row(row), n_rows(n_rows), exists(row < n_rows), zeros(zeros) {}

  // Those of inputs from `at` on, bf16 or their high bytes; `lines` begins with input 0.
  template <int kBytes>
  __device__ Octets octets(const unsigned char* lines, int at) const {
    const int line = at / 64 * n_rows + row;
    return {exists ? lines + line * kLine : zeros, at % 64 * kBytes ^ line % 8 * 16};
  }

  int row, n_rows;
  bool exists;
  const unsigned char* zeros;
};

// A piece's scales, and its offsets if any (matrix.h); int4 alone has any.
struct Scales {
  // Those of outputs t and t + 4 of a tile are a lane's.
  __device__ const uint16_t* of(int tile, int output) const {
    const auto* scales = reinterpret_cast<const uint16_t*>(first + tile * tile_bytes);
    return scales + threadIdx.x % 4 + output * 4;
  }

  const unsigned char* first;
  int tile_bytes;  // to those of the next tile
  bool have_offsets;
};

// A lane's rows of x are those of its group in each octet of rows.
template <class Weights, int kTiles, int kRows>
class StreamSums;
template <int kRows>
using LaneRows = Row[kRows / 8];

// bf16: even and odd products. Two octets of rows are the upper and the lower of a product.
template <int kTiles, int kRows>
class StreamSums<Bf16Weights, kTiles, kRows> {
 public:
  // Adds a piece's products with the inputs from `at` on. Its scales are not used.
  __device__ void add(const uint4 (&bytes)[kTiles], const unsigned char* x, int at,
                      const LaneRows<kRows>& rows, const Scales&) {
    at += threadIdx.x % 4 * Bf16Weights::kLane;
    uint4 upper[kPairs], lower[kPairs] = {};
#pragma unroll
    for (int pair = 0; pair < kPairs; ++pair) {
      upper[pair] = rows[2 * pair].template octets<2>(x, at)[0];
      if constexpr (kRows > 8) lower[pair] = rows[2 * pair + 1].template octets<2>(x, at)[0];
    }
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      const uint4& w = bytes[tile];
#pragma unroll
      for (int pair = 0; pair < kPairs; ++pair) {
        const uint4 &u = upper[pair], &l = lower[pair];
        mma(d_[tile][pair][0], u.x, l.x, u.y, l.y, w.x, w.y);
        mma(d_[tile][pair][1], u.z, l.z, u.w, l.w, w.z, w.w);
      }
    }
  }
  // Of the lane's row in an octet and one of the two outputs.
  __device__ float value(int tile, int octet, int output) const {
    const auto& d = d_[tile][octet / 2];
    return d[0][octet % 2 * 2 + output] + d[1][octet % 2 * 2 + output];
  }

 private:
  static constexpr int kPairs = (kRows + 15) / 16;
  float d_[kTiles][kPairs][2][4] = {};
};

// Integers: the high bytes of a row of x are row g of the product, the low ones row g + 8.
template <class Weights, int kTiles, int kRows>
struct IntegerSums {
  static constexpr int kRowSets = kRows / 8;

  __device__ void add(const uint4 (&bytes)[kTiles], const unsigned char* x, int at,
                      const LaneRows<kRows>& rows) {
    at += threadIdx.x % 4 * Weights::kLane;
#pragma unroll
    for (int i = 0; i < Weights::kLane / 16; ++i) {
      uint4 high[kRowSets], low[kRowSets];
#pragma unroll
      for (int set = 0; set < kRowSets; ++set) {
        const Octets octets = rows[set].template octets<1>(x, at);
        high[set] = octets[i], low[set] = octets[i + 4];
      }
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        uint32_t w[4];
        Weights::bytes(bytes[tile], 2 * i, w[0], w[1]);
        Weights::bytes(bytes[tile], 2 * i + 1, w[2], w[3]);
#pragma unroll
        for (int set = 0; set < kRowSets; ++set) {
          const uint4 &h = high[set], &l = low[set];
          mma_bytes(d[tile][set], h.x, l.x, h.y, l.y, w[0], w[1]);
          mma_bytes(d[tile][set], h.z, l.z, h.w, l.w, w[2], w[3]);
        }
      }
    }
  }
  // Adds the sums of the rows of x from `at` on, to as many inputs as add() takes, times offset
  // [tile][output]: as if the offset were added to each weight.
  __device__ void add_offsets(const int (&offset)[kTiles][2], const unsigned char* x, int at,
                              const LaneRows<kRows>& rows) {
    constexpr uint32_t kOnes = 0x01010101;
    at += threadIdx.x % 4 * Weights::kLane;
#pragma unroll
    for (int set = 0; set < kRowSets; ++set) {
      const Octets octets = rows[set].template octets<1>(x, at);
      int32_t of_x[4] = {};
#pragma unroll
      for (int i = 0; i < Weights::kLane / 16; ++i) {
        const uint4 h = octets[i], l = octets[i + 4];
        mma_bytes(of_x, h.x, l.x, h.y, l.y, kOnes, kOnes);
        mma_bytes(of_x, h.z, l.z, h.w, l.w, kOnes, kOnes);
      }
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
        for (int i = 0; i < 4; ++i) d[tile][set][i] += offset[tile][i % 2] * of_x[i];
      }
    }
  }
  __device__ float value(int tile, int set, int output) const {
    const int32_t(&sums)[4] = d[tile][set];
    return fmaf(static_cast<float>(sums[output]), 128.0f, static_cast<float>(sums[output + 2]));
  }

  int32_t d[kTiles][kRowSets][4] = {};
};

template <int kTiles, int kRows>
class StreamSums<Int8Weights, kTiles, kRows> {
 public:
  __device__ void add(const uint4 (&bytes)[kTiles], const unsigned char* x, int at,
                      const LaneRows<kRows>& rows, const Scales&) {
    sums_.add(bytes, x, at, rows);
  }
  __device__ float value(int tile, int octet, int output) const {
    return sums_.value(tile, octet, output);
  }

 private:
  IntegerSums<Int8Weights, kTiles, kRows> sums_;
};

// int4: a piece is a group, whose sums are exact.
template <int kTiles, int kRows>
class StreamSums<Int4Weights, kTiles, kRows> {
 public:
  __device__ void add(const uint4 (&bytes)[kTiles], const unsigned char* x, int at,
                      const LaneRows<kRows>& rows, const Scales& scales) {
    IntegerSums<Int4Weights, kTiles, kRows> group;
    group.add(bytes, x, at, rows);
    if (scales.have_offsets) {
      int offset[kTiles][2];
#pragma unroll
      for (int i = 0; i < 2 * kTiles; ++i)
        offset[i / 2][i % 2] = static_cast<int16_t>(scales.of(i / 2, i % 2)[Matrix::kToOffset]);
      group.add_offsets(offset, x, at, rows);
    }
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
      for (int set = 0; set < group.kRowSets; ++set) {
#pragma unroll
        for (int output = 0; output < 2; ++output) {
          float& sum = sums_[tile][set][output];
          sum = fmaf(group.value(tile, set, output), bf16_value(*scales.of(tile, output)), sum);
        }
      }
    }
  }
  __device__ float value(int tile, int octet, int output) const {
    return sums_[tile][octet][output] * Int4Weights::kOneStep;
  }

 private:
  float sums_[kTiles][kRows / 8][2] = {};
};

// 16 bytes a lane of piece number `piece` of each row of W.
template <int kTiles>
__device__ void load_piece(const unsigned char* slot, int box_bytes, int piece,
                           uint4 (&bytes)[kTiles]) {
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int r = g % 2 * 4 + g / 2;
  const unsigned char* at =
      slot + piece / 2 * (kBoxRows * kLine) + r * kLine + ((piece % 2 * 4 + t) ^ r) * 16;
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile)
    bytes[tile] = *reinterpret_cast<const uint4*>(at + tile * box_bytes);
}

// Adds a stage's pieces of this warp. A piece is loaded ahead, where there are registers for it.
template <class Weights, int kTiles, int kRows>
__device__ void add_stage(const unsigned char* slot, const Matrix& m, const StreamPlan& plan,
                          int n_pieces, const unsigned char* x, const LaneRows<kRows>& rows,
                          StreamSums<Weights, kTiles, kRows>& sums) {
  constexpr bool kLoadsAhead = kTiles <= 4;
  const int box_bytes = kBoxRows * plan.stage_bytes;
  int piece = threadIdx.x / 32;
  if (piece >= n_pieces) return;
  uint4 next[kTiles];
  if constexpr (kLoadsAhead) load_piece(slot, box_bytes, piece, next);
  while (piece < n_pieces) {
    uint4 bytes[kTiles];
    if constexpr (kLoadsAhead) {
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) bytes[tile] = next[tile];
    } else {
      load_piece(slot, box_bytes, piece, bytes);
    }
    const int at = piece * kPieceInputs<Weights>;
    const Scales scales = {.first = slot + kTiles * box_bytes + piece * m.scale_bytes(),
                           .tile_bytes = scale_bytes(m, plan.stage_bytes),
                           .have_offsets = m.has_offsets};
    piece += kConsumers;
    if (kLoadsAhead && piece < n_pieces) load_piece(slot, box_bytes, piece, next);
    sums.add(bytes, x, at, rows, scales);
  }
}

}  // namespace rondo::kernels::cuda
