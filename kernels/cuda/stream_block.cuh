// What the warps of a block of linear_stream.cuh share: its tiles, their stages in turn, and its
// shared memory.
#pragma once

#include "kernels/cuda/bulk.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/stream_plan.h"

namespace rondo::kernels::cuda {

template <int kOutputs>
struct Tile {
  static constexpr int kPairs = kOutputs / 2;

  __device__ Tile(const StreamTiles& tiles, int index)
      : distance(tiles.distance),
        offset(distance == 0 ? 0 : index % tiles.blocks * kPairs),
        first(distance == 0 ? index * kOutputs : index / tiles.blocks * 2 * distance + offset) {}

  // Row of W of the tile's r-th, and whether a matrix of n rows has it.
  __device__ int row(int r) const {
    return distance == 0 || r < kPairs ? first + r : first + distance + r - kPairs;
  }
  __device__ bool has(int r, int n) const {
    return (distance == 0 || offset + r % kPairs < distance) && row(r) < n;
  }

  int distance, offset, first;
};

// A stage of the block's tiles, and its slot.
struct Stage {
  int tile, slot = 0;
  int64_t at = 0;      // byte of the rows of W
  uint32_t round = 0;  // parity of how often the ring was gone through
  int count = 0;       // stages before

  __device__ Stage() : tile(blockIdx.x) {}
  __device__ int n_bytes(const Matrix& m, const StreamPlan& plan) const {
    return static_cast<int>(min(int64_t{plan.stage_bytes}, m.row_bytes - at));
  }
  __device__ void next(const Matrix& m, const StreamPlan& plan) {
    ++count;
    if (++slot == plan.n_slots) slot = 0, round ^= 1;
    at += plan.stage_bytes;
    if (at >= m.row_bytes) at = 0, tile += gridDim.x;
  }
};

// What the copy engine knows of W and, if it is not held, of x.
struct StreamMaps {
  MatrixMap w, x;
};

template <int kRows, int kOutputs>
struct StreamShared {
  static constexpr int kBuffers = parts_buffers(kRows);
  using Parts = float[kConsumers][kRows][kOutputs];

  __device__ explicit StreamShared(const StreamPlan& p)
      : memory(dynamic_shared()),
        full(reinterpret_cast<Barrier*>(memory)),
        empty(full + kMaxSlots),
        parts_full(empty + kMaxSlots),
        parts_empty(parts_full + 2),
        zeros(memory + p.zeros),
        ranges(reinterpret_cast<RowRange (*)[kConsumers]>(memory + p.ranges)),
        parts(reinterpret_cast<Parts*>(memory + p.parts)),
        x(memory + p.x),
        slots(memory + p.slots) {}

  // A slot is empty when so many have arrived.
  __device__ void init(int n_slots, int n_arrivals) const {
    for (int i = 0; i < n_slots; ++i) full[i].init(1), empty[i].init(n_arrivals);
    // Every thread arrives for what it wrote or read itself: that is what compute-sanitizer
    // follows.
    for (int i = 0; i < kBuffers; ++i) {
      parts_full[i].init(kConsumerThreads);
      parts_empty[i].init(kStorerThreads);
    }
    begin_barriers();
    for (int i = 0; i < kLine / 16; ++i) reinterpret_cast<uint4*>(zeros)[i] = {};
  }

  unsigned char* memory;
  Barrier *full, *empty, *parts_full, *parts_empty;
  unsigned char* zeros;
  RowRange (*ranges)[kConsumers];  // of rows that are held, of warps
  Parts* parts;
  unsigned char *x, *slots;
};

}  // namespace rondo::kernels::cuda
