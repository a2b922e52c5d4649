#include "kernels/cuda/stream_rows.h"

#include "kernels/cuda/launch.cuh"

namespace rondo::kernels::cuda {
namespace {

__global__ void __launch_bounds__(kRowThreads)
    round_rows_kernel(StreamRows in, int32_t k, int32_t k_padded, uint16_t* out, float* factors) {
  __shared__ float squares[kRowSums];
  begin_kernel();
  const int row = blockIdx.x;
  uint16_t* to = out + int64_t{row} * k_padded;
  const float sum = round_row(in, row, k, k_padded, [&](int at, const uint2& four) {
    *reinterpret_cast<uint2*>(to + at) = four;
  });
  if (in.norm_weight == nullptr) return;
  if (threadIdx.x % 32 == 0) squares[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  float all = 0;
  for (const float of_warp : squares) all += of_warp;
  factors[row] = norm_factor(all, k, in.eps);
}

template <class Weights>
__global__ void __launch_bounds__(kRowThreads)
    quantize_rows_kernel(StreamRows in, int32_t k, int32_t k_padded, uint16_t* out,
                         float* factors) {
  __shared__ RowRange of_warps[kRowSums];
  begin_kernel();
  const int row = blockIdx.x;
  const RowRange mine = range_of_row(in, row, k);
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = mine;
  __syncthreads();
  const RowRange all = whole_range(of_warps);
  auto* to = reinterpret_cast<unsigned char*>(out + int64_t{row} * k_padded);
  quantize_row<Weights>(in, row, k, k_padded, all.largest,
                        [&](int at, const uint2& high, const uint2& low) {
                          unsigned char* line = to + at / 64 * 128 + at % 64;
                          *reinterpret_cast<uint2*>(line) = high;
                          *reinterpret_cast<uint2*>(line + 64) = low;
                        });
  if (threadIdx.x == 0) factors[row] = factor_of(in, all, k);
}

}  // namespace

int round_rows(StreamRows& rows, int32_t k, WeightType type, Context& c) {
  const int64_t k_padded = (k + kRoundedTo - 1) / kRoundedTo * kRoundedTo;
  const int64_t n_bytes = (rows.n_rows * k_padded * 2 + 255) / 256 * 256;
  std::byte* memory = c.scratch(n_bytes + rows.n_rows * int64_t{4});
  if (memory == nullptr) return kDeviceFailed;
  auto* rounded = reinterpret_cast<uint16_t*>(memory);
  auto* factors = reinterpret_cast<float*>(memory + n_bytes);
  const auto kernel = type == WeightType::kBf16   ? round_rows_kernel
                      : type == WeightType::kInt8 ? quantize_rows_kernel<Int8Weights>
                                                  : quantize_rows_kernel<Int4Weights>;
  const int done = launch(c, kernel, {.grid = rows.n_rows, .block = kRowThreads}, rows, k,
                          static_cast<int32_t>(k_padded), rounded, factors);
  const bool has_factors = rows.norm_weight != nullptr || type != WeightType::kBf16;
  rows = {.rounded = rounded,
          .stride = k_padded,
          .n_rows = rows.n_rows,
          .factors = has_factors ? factors : nullptr};
  return done;
}

}  // namespace rondo::kernels::cuda
