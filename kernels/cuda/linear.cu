// linear for up to 32 rows: a decode step, limited by reading the weights once. GPUs that copy in
// bulk stream the weights (linear_stream.cuh), here is what others do.
//
// A block computes 8 * kTiles outputs for all rows. Its warps take the chunks of k in turn; in a
// chunk a lane reads 16 bytes of each tile's weights, four lanes side by side in a row of W:
//
//                 chunk 0 (warp 0)        chunk 1 (warp 1)     ... chunk 8 (warp 0)
//   output 0   | t=0 | 1  |  2 | t=3 |  t=0 | 1  |  2 | t=3 |
//   ...        |      16 bytes each  |
//   output 7   |  lane 28 .. lane 31 |
//
// Each lane keeps kStages chunks on their way to a piece of shared memory of its own: no barrier,
// and the weights start to come before the kernel may read its rows. A product of the tensor cores
// has rows of x as A and 8 outputs as B (mma.cuh).
//
// Numerics: bf16 and int8 weights: a value of x is the sum of two bf16 (16 bits), which stand in
// rows g and g + 8 of A; int4 weights: one bf16. Products are exact, sums float32: a warp's chunks
// in turn, then the warps in turn, whatever kTiles and the number of rows; scales come last, int4's
// with each group. So a row's bits depend on the row alone.
// Memory: kStages * kTiles * 4 KiB of shared memory (int4: 5 KiB).

#include <algorithm>

#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/linear_stream.cuh"
#include "kernels/cuda/matmul.h"
#include "kernels/cuda/matrix.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/stream_epilogues.cuh"
#include "kernels/cuda/weights.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kWarps = 8;  // part of the numerics
constexpr int kThreads = 32 * kWarps;
constexpr int kTileOutputs = 8;
constexpr int kTileRows = 8;

template <class Weights>
constexpr bool kGrouped = std::is_same_v<Weights, Int4Weights>;

// Values of x in two bf16, or in one.
template <class Weights>
constexpr int kPlanes = kGrouped<Weights> ? 1 : 2;

// A thread's places in shared memory: what it copies there it alone reads.
template <int kTiles, int kStages>
struct Ring {
  uint4 weights[kStages][kTiles][kThreads];
};
template <int kTiles, int kStages>
struct GroupedRing : Ring<kTiles, kStages> {
  uint32_t scales[kStages][kTiles][kThreads];  // of outputs 2t and 2t + 1
};
template <class Weights, int kTiles, int kStages>
using RingOf =
    std::conditional_t<kGrouped<Weights>, GroupedRing<kTiles, kStages>, Ring<kTiles, kStages>>;

// Of a chunk of int4 weights with zero points.
template <int kTiles>
struct Offsets {
  int of[kTiles] = {};
};

// The weights of a block: outputs from `first` on.
template <class Weights, int kTiles, int kStages>
class WeightStream {
 public:
  static constexpr int kChunk = 4 * Weights::kLane;  // along k

  __device__ WeightStream(const Matrix& m, int first)
      : m_(m),
        ring_(*reinterpret_cast<RingOf<Weights, kTiles, kStages>*>(dynamic_shared())),
        first_(first),
        n_chunks_((m.k + kChunk - 1) / kChunk) {
#pragma unroll
    for (int stage = 0; stage < kStages; ++stage) fetch(threadIdx.x / 32 + stage * kWarps, stage);
  }

  __device__ int n_chunks() const { return n_chunks_; }

  // Begins to copy a chunk; there may be no such chunk.
  __device__ void fetch(int chunk, int stage) {
    const int lane = threadIdx.x % 32, t = lane % 4;
    const int64_t at = int64_t{chunk} * 64 + t * 16;
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      const int output = first_ + tile * kTileOutputs + lane / 4;
      const bool exists = output < m_.n && at < m_.row_bytes;
      copy_async<16>(&ring_.weights[stage][tile][threadIdx.x],
                     m_.rows + (exists ? output * m_.row_bytes + at : 0), exists);
      if constexpr (kGrouped<Weights>) {
        const int pair = first_ + tile * kTileOutputs + 2 * t;
        const bool scaled = pair < m_.n_padded && chunk < n_chunks_;
        copy_async<4>(&ring_.scales[stage][tile][threadIdx.x],
                      scaled ? m_.scales_of(pair, chunk) : m_.group_scales, scaled);
      }
    }
    end_copy_group();
  }

  // The oldest chunk that was fetched is there.
  __device__ void wait() { wait_for_copies<kStages - 1>(); }
  __device__ uint4 weights(int stage, int tile) const {
    return ring_.weights[stage][tile][threadIdx.x];
  }
  __device__ float2 scales(int stage, int tile) const {
    return bf16_pair(ring_.scales[stage][tile][threadIdx.x]);
  }
  // A lane's output's (matrix.h).
  __device__ Offsets<kTiles> offsets(int chunk) const {
    Offsets<kTiles> offsets;
    if constexpr (kGrouped<Weights>) {
      if (!m_.has_offsets) return offsets;
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        const int output = first_ + tile * kTileOutputs + threadIdx.x % 32 / 4;
        if (output < m_.n)
          offsets.of[tile] = static_cast<int16_t>(m_.scales_of(output, chunk)[Matrix::kToOffset]);
      }
    }
    return offsets;
  }

 private:
  const Matrix& m_;
  RingOf<Weights, kTiles, kStages>& ring_;
  int first_, n_chunks_;
};

// A warp's sums: of each tile of outputs the products with the rows.
template <class Weights, int kTiles, int kRowTiles>
struct Sums {
  static constexpr int kProducts = kPlanes<Weights> == 2 ? kRowTiles : 1;
  float d[kTiles][kProducts][4] = {};
};

// Adds a chunk's products to `sums`.
template <class Weights, int kTiles, int kRowTiles, class Stream>
__device__ void add_chunk(const LinearParams& p, int k, int chunk, int stage, const Stream& stream,
                          const Offsets<kTiles>& offsets, Sums<Weights, kTiles, kRowTiles>& sums) {
  constexpr int kProducts = sums.kProducts;
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const bool aligned = reinterpret_cast<uintptr_t>(p.x) % 16 == 0 && p.x_stride % 4 == 0;
#pragma unroll
  for (int octet = 0; octet < Weights::kLane / 8; ++octet) {
    const int at = chunk * stream.kChunk + t * Weights::kLane + octet * 8;
    RowOctet<Weights> rows[kProducts];
#pragma unroll
    for (int tile = 0; tile < kRowTiles; ++tile) {
      const int row = tile * kTileRows + g;
      float x[8] = {};
      if (row < p.n_rows) load_octet(p.x + row * p.x_stride, at, k, aligned, x);
      if constexpr (kPlanes<Weights> == 2) {
        rows[tile].split(x);
      } else {
        RowOctet<Weights>::round(x, tile == 0 ? rows[0].upper : rows[0].lower);
      }
    }
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      uint32_t w[4];
      Weights::octet(stream.weights(stage, tile), octet, offsets.of[tile], w);
#pragma unroll
      for (int product = 0; product < kProducts; ++product) {
        const RowOctet<Weights>& x = rows[product];
        float(&d)[4] = sums.d[tile][product];
        mma(d, x.upper[0], x.lower[0], x.upper[1], x.lower[1], w[0], w[1]);
        mma(d, x.upper[2], x.lower[2], x.upper[3], x.lower[3], w[2], w[3]);
      }
    }
  }
}

// kRowTiles * 8 rows, of which p.n_rows exist.
template <class Weights, int kTiles, int kRowTiles, int kStages>
__global__ void __launch_bounds__(kThreads) few_rows_kernel(LinearParams p, Matrix m) {
  constexpr int kOutputs = kTiles * kTileOutputs, kRows = kRowTiles * kTileRows;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  const int first = blockIdx.x * kOutputs;
  let_next_start();
  WeightStream<Weights, kTiles, kStages> stream(m, first);
  wait_for_inputs();

  Sums<Weights, kTiles, kRowTiles> sums;
  int stage = 0;
  for (int chunk = warp; chunk < stream.n_chunks(); chunk += kWarps) {
    const Offsets<kTiles> offsets = stream.offsets(chunk);
    stream.wait();
    if constexpr (kGrouped<Weights>) {
      Sums<Weights, kTiles, kRowTiles> group;
      add_chunk(p, m.k, chunk, stage, stream, offsets, group);
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        const float2 scale = stream.scales(stage, tile);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          float& d = sums.d[tile][0][i];
          d = fmaf(group.d[tile][0][i], i % 2 == 0 ? scale.x : scale.y, d);
        }
      }
    } else {
      add_chunk(p, m.k, chunk, stage, stream, offsets, sums);
    }
    stream.fetch(chunk + kStages * kWarps, stage);
    stage = stage + 1 == kStages ? 0 : stage + 1;
  }
  wait_for_copies<0>();
  __syncthreads();  // the ring is free for the sums of the warps

  auto& parts = *reinterpret_cast<float(*)[kWarps][kRows][kOutputs]>(dynamic_shared());
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
    for (int product = 0; product < sums.kProducts; ++product) {
      const float(&d)[4] = sums.d[tile][product];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const int output = tile * kTileOutputs + 2 * t + i;
        if constexpr (kPlanes<Weights> == 2) {
          parts[warp][product * kTileRows + g][output] = d[i] + d[i + 2];
        } else {
          parts[warp][g][output] = d[i];
          if constexpr (kRowTiles == 2) parts[warp][kTileRows + g][output] = d[i + 2];
        }
      }
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < p.n_rows * kOutputs; i += kThreads) {
    const int row = i / kOutputs, output = first + i % kOutputs;
    if (output >= m.n) continue;
    float sum = 0;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) sum += parts[w][row][i % kOutputs];
    if (m.scales != nullptr) sum *= m.scales[output];
    float& out = p.out[row * p.out_stride + output];
    out = p.accumulate ? out + sum : sum;
  }
}

template <class Weights, int kTiles, int kRowTiles>
int launch_tiles(const LinearParams& p, const Matrix& m, Context& c) {
  constexpr int kStages = 4;
  constexpr int kOutputs = kTiles * kTileOutputs;
  return launch(c, few_rows_kernel<Weights, kTiles, kRowTiles, kStages>,
                {.grid = (m.n + kOutputs - 1) / kOutputs,
                 .block = kThreads,
                 .shared_bytes = sizeof(RingOf<Weights, kTiles, kStages>)},
                p, m);
}

template <class Weights>
int launch_rows(LinearParams p, const Matrix& m, Context& c) {
  constexpr int32_t kMostRows = 2 * kTileRows;
  for (; p.n_rows > kMostRows; p.n_rows -= kMostRows) {
    LinearParams first = p;
    first.n_rows = kMostRows;
    if (const int failed = launch_rows<Weights>(first, m, c); failed != kOk) return failed;
    p.x += kMostRows * p.x_stride;
    p.out += kMostRows * p.out_stride;
  }
  // Few outputs are spread over more blocks, so that all multiprocessors have some.
  const bool few_outputs = m.n < c.properties().multiProcessorCount * 4 * kTileOutputs;
  if (p.n_rows <= kTileRows) {
    return few_outputs ? launch_tiles<Weights, 1, 1>(p, m, c)
                       : launch_tiles<Weights, 2, 1>(p, m, c);
  }
  return few_outputs ? launch_tiles<Weights, 1, 2>(p, m, c) : launch_tiles<Weights, 2, 2>(p, m, c);
}

}  // namespace

int linear(const LinearParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  Context& c = context(stream);
  const Matrix m(p.weight);
  if (p.n_rows > kFewRows) return matmul(p, m, c);
  if (c.copies_in_bulk()) {
    const StoreSums sums = {.out = p.out, .stride = p.out_stride, .accumulate = p.accumulate};
    return launch_stream({.x = p.x, .stride = p.x_stride, .n_rows = p.n_rows}, m, 0, sums, c);
  }
  switch (m.type) {
    case WeightType::kBf16:
      return launch_rows<Bf16Weights>(p, m, c);
    case WeightType::kInt8:
      return launch_rows<Int8Weights>(p, m, c);
    case WeightType::kInt4:
    case WeightType::kInt4Zeros:
      return launch_rows<Int4Weights>(p, m, c);
  }
  return kBadArguments;
}

}  // namespace rondo::kernels::cuda
