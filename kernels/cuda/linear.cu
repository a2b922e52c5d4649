// linear for up to 16 rows: a decode step, limited by reading the weights once. A warp computes two
// outputs for all rows; its lanes take 16 bytes of weights a time, neighbours side by side, and the
// rows come from the first level cache. More rows are the tensor cores' work (matmul.cc).
//
// Numerics: float32 products and sums (int8 weights are exact in it, the scale comes last), added
// in an order that depends on K alone: a lane's elements in turn, then the butterfly over lanes. So
// a row has the same bits whatever stands beside it.

#include "kernels/cuda/context.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/matmul.h"
#include "kernels/cuda/matrix.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kWarps = 8;        // a block
constexpr int kWarpOutputs = 2;  // share what they read of the rows

// 16 bytes of weights as floats.
template <bool kInt8>
struct Weights16 {
  static constexpr int kElements = kInt8 ? 16 : 8;

  __device__ explicit Weights16(uint4 bits) {
    const uint32_t words[4] = {bits.x, bits.y, bits.z, bits.w};
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      if constexpr (kInt8) {
#pragma unroll
        for (int b = 0; b < 4; ++b) {
          values[4 * w + b] = static_cast<float>(static_cast<int8_t>(words[w] >> (8 * b)));
        }
      } else {
        const float2 pair = bf16_pair(words[w]);
        values[2 * w] = pair.x;
        values[2 * w + 1] = pair.y;
      }
    }
  }

  float values[kElements];
};

// kRows rows, of which p.n_rows exist; missing ones repeat the last.
template <bool kInt8, int kRows>
__global__ void __launch_bounds__(32 * kWarps) gemv_kernel(LinearParams p, Matrix m) {
  using Weights = Weights16<kInt8>;
  constexpr int kElements = Weights::kElements;
  const int lane = threadIdx.x;
  const int first = (blockIdx.x * kWarps + threadIdx.y) * kWarpOutputs;
  if (first >= m.n) return;
  const uint4* weights[kWarpOutputs];
#pragma unroll
  for (int o = 0; o < kWarpOutputs; ++o) {
    const int64_t output = min(first + o, m.n - 1);
    weights[o] = kInt8 ? reinterpret_cast<const uint4*>(m.int8 + output * m.k_int8)
                       : reinterpret_cast<const uint4*>(m.bf16 + output * m.k_bf16);
  }
  const float* rows[kRows];
#pragma unroll
  for (int r = 0; r < kRows; ++r) rows[r] = p.x + min(r, p.n_rows - 1) * p.x_stride;
  float sums[kRows][kWarpOutputs] = {};
  for (int i = lane; i * kElements < m.k; i += 32) {
    uint4 bits[kWarpOutputs];
#pragma unroll
    for (int o = 0; o < kWarpOutputs; ++o) bits[o] = __ldg(weights[o] + i);
    const Weights w0(bits[0]), w1(bits[1]);
    const int n = min(kElements, m.k - i * kElements);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const float* x = rows[r] + i * kElements;
#pragma unroll
      for (int e = 0; e < kElements; ++e) {
        const float element = e < n ? x[e] : 0.0f;
        sums[r][0] = fmaf(w0.values[e], element, sums[r][0]);
        sums[r][1] = fmaf(w1.values[e], element, sums[r][1]);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
#pragma unroll
    for (int o = 0; o < kWarpOutputs; ++o) {
      const float sum = warp_sum(sums[r][o]);
      const int output = first + o;
      if (lane != 0 || r >= p.n_rows || output >= m.n) continue;
      float* out = p.out + r * p.out_stride + output;
      const float value = kInt8 ? sum * m.scales[output] : sum;
      *out = p.accumulate ? *out + value : value;
    }
  }
}

template <bool kInt8>
void launch(const LinearParams& p, const Matrix& m, cudaStream_t stream) {
  const int grid = (m.n + kWarps * kWarpOutputs - 1) / (kWarps * kWarpOutputs);
  const dim3 block(32, kWarps);
  if (p.n_rows == 1) gemv_kernel<kInt8, 1><<<grid, block, 0, stream>>>(p, m);
  if (p.n_rows == 2) gemv_kernel<kInt8, 2><<<grid, block, 0, stream>>>(p, m);
  if (p.n_rows > 2 && p.n_rows <= 4) gemv_kernel<kInt8, 4><<<grid, block, 0, stream>>>(p, m);
  if (p.n_rows > 4 && p.n_rows <= 8) gemv_kernel<kInt8, 8><<<grid, block, 0, stream>>>(p, m);
  if (p.n_rows > 8) gemv_kernel<kInt8, 16><<<grid, block, 0, stream>>>(p, m);
}

}  // namespace

int linear(const LinearParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  Context& c = context(stream);
  const Matrix m(p.weight);
  if (p.n_rows > kFewRows) return matmul(p, m, c);
  m.int8 != nullptr ? launch<true>(p, m, c.stream()) : launch<false>(p, m, c.stream());
  return launched(c);
}

}  // namespace rondo::kernels::cuda
