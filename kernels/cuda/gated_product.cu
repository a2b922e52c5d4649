// Computes: out = silu(x Wg^T) * (x Wu^T) in bf16, W = [Wg; Wu] of bf16 [2F][k].
// Requires: sm_90a, k and F multiples of 64.
// Grid: clusters of two blocks, one block a multiprocessor, which go over tiles of 256 rows by 128
// outputs. A block has 128 of a tile's rows; both blocks need the same weights, so each fetches
// half of them for both:
//
//                  gates 128   ups 128
//   block 0   64 |           |          |   <- warpgroup 1     fetched by block 0: its rows, and
//             64 |           |          |   <- warpgroup 2     the gates' weights for both blocks
//   block 1   64 |           |          |   <- warpgroup 1     by block 1: its rows, and the ups'
//             64 |           |          |   <- warpgroup 2
//
// A thread of warpgroup 0 fetches chunks of 64 inputs to kStages places of shared memory: `full`
// says that one is there, `empty` that both blocks are done with it. The others multiply; a gate
// and its up are in the same thread. Memory: 48 KiB a stage and 32 KiB for results, 225 KiB.
// Numerics: products exact, sums float32 along k in one piece; SwiGLU in float32, but for the
// hyperbolic tangent, which has 2^-11; rounded once. Nearer to the definition than the parts, which
// round gates and ups.
// Measured (H100, loopcoder-mini, 8,192 rows): 78 us, 484 TFLOP/s, where product and SwiGLU take
// 88; a whole layer without attention 214 -> 201 us, and no difference up to 4,096 rows. Of the 7B
// shape (k of 5,120) it does 540 TFLOP/s where cuBLASLt does 720: hence kMostInputs.

#include "kernels/cuda/gated_product.h"

#include <cuda_fp16.h>

#include <algorithm>

#include "kernels/cuda/bf16_rows.h"
#include "kernels/cuda/box_copies.cuh"
#include "kernels/cuda/cluster.cuh"
#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kCluster = 2;
constexpr int kTileRows = 128;     // of a block
constexpr int kTileOutputs = 128;  // gates, and as many ups
constexpr int kStages = 4;
constexpr int kConsumers = 2;      // warpgroups
constexpr int kConsumerRows = 64;  // of the tile, each
constexpr int kThreads = 128 * (1 + kConsumers);
constexpr int kBand = 8;  // tiles of rows whose x stays in the L2 cache while weights go by
constexpr int kBoxBytes = kColumnElements * 2;  // of a row

struct Stage {
  uint16_t x[kTileRows][kColumnElements];
  uint16_t weights[2][kTileOutputs][kColumnElements];  // gates, ups
};
using Results = uint16_t[kTileOutputs / kColumnElements][kConsumerRows][kColumnElements];
struct Shared {
  Stage stages[kStages];
  Results results[kConsumers];
  Barrier full[kStages], empty[kStages];
};
constexpr int kSharedBytes = sizeof(Shared) + kSwizzleBytes;  // to be aligned to that

struct Maps {
  MatrixMap x, weights, out;
};

// The tiles of a cluster, in an order that all blocks share.
class Tiles {
 public:
  __device__ Tiles(int32_t n_rows, int32_t n_outputs)
      : n_high_((n_rows + kCluster * kTileRows - 1) / (kCluster * kTileRows)),
        n_wide_((n_outputs + kTileOutputs - 1) / kTileOutputs) {}

  __device__ int first() const { return blockIdx.x; }
  __device__ int step() const { return gridDim.x; }
  __device__ int count() const { return n_high_ * n_wide_; }
  // Of this block.
  __device__ int first_row(int tile) const {
    const int pair = band(tile) * kBand + tile % (kBand * n_wide_) % height(tile);
    return (pair * kCluster + static_cast<int>(blockIdx.y)) * kTileRows;
  }
  __device__ int first_output(int tile) const {
    return tile % (kBand * n_wide_) / height(tile) * kTileOutputs;
  }

 private:
  __device__ int band(int tile) const { return tile / (kBand * n_wide_); }
  __device__ int height(int tile) const { return min(kBand, n_high_ - band(tile) * kBand); }

  int n_high_, n_wide_;
};

// The place of shared memory that a chunk has, counted over all tiles.
struct Place {
  __device__ void next() {
    if (++stage == kStages) stage = 0, ++round;
  }
  int stage = 0;
  uint32_t round = 0;
};

__device__ void fetch_tiles(Shared& shared, const Maps& maps, const Tiles& tiles, int n_chunks,
                            int32_t n_outputs) {
  constexpr uint16_t kBoth = 3;
  const auto half = static_cast<int>(blockIdx.y);
  Place place;
  for (int tile = tiles.first(); tile < tiles.count(); tile += tiles.step()) {
    const int row = tiles.first_row(tile), weight = tiles.first_output(tile) + half * n_outputs;
    for (int chunk = 0; chunk < n_chunks; ++chunk, place.next()) {
      Stage& stage = shared.stages[place.stage];
      Barrier& full = shared.full[place.stage];
      shared.empty[place.stage].wait(place.round % 2 ^ 1);
      full.arrive_and_expect(sizeof(Stage));
      copy_box(stage.x, maps.x, row, chunk, full);
      copy_box_to(kBoth, stage.weights[half], maps.weights, weight, chunk, full);
    }
  }
}

// Both blocks' copies may go to a place when all their warpgroups are through with it.
__device__ void release(Shared& shared, int stage) {
  if (threadIdx.x % 128 < kCluster) arrive_in_cluster(shared.empty[stage], threadIdx.x % 128);
}

// sums = the warpgroup's rows of x times the tile's weights: gates, then ups.
__device__ void multiply_tile(Shared& shared, int consumer, int n_chunks, Place& place,
                              float (&sums)[128]) {
  constexpr int kInputs = 16;  // of a product
  int last = -1;
  for (int chunk = 0; chunk < n_chunks; ++chunk, place.next()) {
    const Stage& stage = shared.stages[place.stage];
    shared.full[place.stage].wait(place.round % 2);
    const uint64_t x = describe(stage.x[kConsumerRows * consumer]);
    const uint64_t weights = describe(stage.weights);
    begin_products();
#pragma unroll
    for (int i = 0; i < kColumnElements / kInputs; ++i) {
      const uint64_t step = described(i * kInputs * 2);
      multiply(sums, x + step, weights + step, chunk == 0 && i == 0);
    }
    end_products();
    wait_for_products<1>();
    if (last >= 0) release(shared, last);
    last = place.stage;
  }
  wait_for_products<0>();
  release(shared, last);
}

// silu(x) = x / 2 * (1 + tanh(x / 2)), of two at once.
__device__ float2 silu_of_two(float a, float b) {
  const float half_a = 0.5f * a, half_b = 0.5f * b;
  const __half2 halves = __floats2half2_rn(half_a, half_b);
  uint32_t tangents;
  asm("tanh.approx.f16x2 %0, %1;"
      : "=r"(tangents)
      : "r"(*reinterpret_cast<const uint32_t*>(&halves)));
  const float2 tanh = __half22float2(*reinterpret_cast<const __half2*>(&tangents));
  return {fmaf(half_a, tanh.x, half_a), fmaf(half_b, tanh.y, half_b)};
}

// The warpgroup's results to shared memory, as store_box takes them.
__device__ void write_results(Results& results, const float (&sums)[128]) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x % 128 / 32;
  const int row = 16 * warp + lane % 16;
#pragma unroll
  for (int i = 0; i < kTileOutputs / 8; i += 2) {
    uint32_t packed[4];
#pragma unroll
    for (int part = 0; part < 4; ++part) {
      const float* gates = sums + 4 * (i + part / 2) + 2 * (part % 2);
      const float* ups = gates + 64;
      const float2 silu = silu_of_two(gates[0], gates[1]);
      packed[part] = pack_bf16(silu.x * ups[0], silu.y * ups[1]);
    }
    const int octet = i + lane / 16;
    store_matrices(&results[octet / 8][row][(octet % 8 ^ row % 8) * 8], packed);
  }
}

__device__ void consume_tiles(Shared& shared, const Maps& maps, const Tiles& tiles, int n_chunks,
                              int consumer) {
  const bool stores = threadIdx.x % 128 == 0;
  Results& results = shared.results[consumer];
  Place place;
  float sums[128];
  for (int tile = tiles.first(); tile < tiles.count(); tile += tiles.step()) {
    multiply_tile(shared, consumer, n_chunks, place, sums);
    if (stores) wait_until_stores_have_read();
    meet<128>(1 + consumer);
    write_results(results, sums);
    let_products_see_writes();
    meet<128>(1 + consumer);
    if (!stores) continue;
    const int row = tiles.first_row(tile) + kConsumerRows * consumer;
    const int column = tiles.first_output(tile) / kColumnElements;
    for (int i = 0; i < kTileOutputs / kColumnElements; ++i) {
      store_box(maps.out, row, column + i, results[i]);
    }
    end_stores();
  }
  if (stores) wait_for_stores();
}

__global__ void __launch_bounds__(kThreads, 1)
    gated_product_kernel(const __grid_constant__ Maps maps, int32_t n_rows, int32_t n_outputs,
                         int32_t n_chunks) {
  if constexpr (kCodeForHopper) {
    auto& shared = *reinterpret_cast<Shared*>(
        (reinterpret_cast<uintptr_t>(dynamic_shared()) + kSwizzleBytes - 1) / kSwizzleBytes *
        kSwizzleBytes);
    if (threadIdx.x == 0) {
      for (Barrier& barrier : shared.full) barrier.init(1);
      for (Barrier& barrier : shared.empty) barrier.init(kCluster * kConsumers);
      begin_barriers();
    }
    arrive_at_cluster();
    wait_for_cluster();
    begin_kernel();
    const Tiles tiles(n_rows, n_outputs);
    if (const int warpgroup = threadIdx.x / 128; warpgroup == 0) {
      shrink_registers<40>();
      if (threadIdx.x == 0) fetch_tiles(shared, maps, tiles, n_chunks, n_outputs);
      __syncwarp();
    } else {
      grow_registers<232>();
      consume_tiles(shared, maps, tiles, n_chunks, warpgroup - 1);
      __syncwarp();
    }
    arrive_at_cluster();  // until here the other block copies to this one, and arrives
    wait_for_cluster();
  }
}

}  // namespace

bool takes_gated_product(const Matrix& m, const Context& c) {
#ifdef RONDO_CODE_FOR_HOPPER
  constexpr int32_t kMostInputs = 1024;
  return c.properties().major == 9 && m.bf16 != nullptr && m.k % kColumnElements == 0 &&
         m.n % (2 * kColumnElements) == 0 && m.k <= kMostInputs;
#else
  return false;
#endif
}

int multiply_gated(const GatedProduct& p, const Matrix& m, Context& c) {
  const int32_t n_outputs = m.n / 2;
  Maps maps;
  if (!maps.x.encode(p.x, p.n_rows, int64_t{2} * m.k, kTileRows, kBoxBytes) ||
      !maps.weights.encode(m.bf16, m.n, int64_t{2} * m.k_bf16, kTileOutputs, kBoxBytes) ||
      !maps.out.encode(p.out, p.n_rows, int64_t{2} * n_outputs, kConsumerRows, kBoxBytes)) {
    c.check(cudaErrorUnknown);
    return kDeviceFailed;
  }
  const int64_t n_tiles = int64_t{(p.n_rows + kCluster * kTileRows - 1) / (kCluster * kTileRows)} *
                          ((n_outputs + kTileOutputs - 1) / kTileOutputs);
  const int64_t n_clusters = std::min<int64_t>(n_tiles, c.n_multiprocessors() / kCluster);
  const Shape shape{.grid = dim3(static_cast<unsigned>(n_clusters), kCluster),
                    .block = kThreads,
                    .shared_bytes = kSharedBytes,
                    .cluster = kCluster};
  return launch(c, gated_product_kernel, shape, maps, p.n_rows, n_outputs, m.k / kColumnElements);
}

}  // namespace rondo::kernels::cuda
