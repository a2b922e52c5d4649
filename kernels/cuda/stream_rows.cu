#include "kernels/cuda/stream_rows.h"

#include "kernels/cuda/cluster.cuh"
#include "kernels/cuda/launch.cuh"

namespace rondo::kernels::cuda {
namespace {

constexpr int kRowParts = 8;  // blocks of a cluster

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

// Where a row's high and low bytes of 8 inputs go.
struct PutOctet {
  unsigned char* row;

  __device__ void operator()(int at, const uint2& high, const uint2& low) const {
    unsigned char* line = row + at / 64 * 128 + at % 64;
    *reinterpret_cast<uint2*>(line) = high;
    *reinterpret_cast<uint2*>(line + 64) = low;
  }
};

// A row without a norm, by a cluster: its integers depend on the largest value alone, which is the
// same in whatever order it is found. For 27,648 inputs one block took 8 us more (H100).
template <class Weights>
__global__ void __launch_bounds__(kRowThreads)
    quantize_in_parts_kernel(StreamRows in, int32_t k, int32_t k_padded, uint16_t* out,
                             float* factors) {
  __shared__ float of_warps[kRowSums];
  __shared__ float2 of_parts[kRowParts];
  arrive_at_cluster();
  begin_kernel();
  const int row = blockIdx.x, part = blockIdx.y;
  const OctetShare share(part, kRowParts);
  const float mine = range_of_row(in, row, k, share).largest;
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = mine;
  __syncthreads();
  float largest = 0;
  for (const float of_warp : of_warps) largest = fmaxf(largest, of_warp);
  wait_for_cluster();  // all blocks have begun
  if (threadIdx.x < kRowParts)
    write_to_block(&of_parts[part], static_cast<int>(threadIdx.x), {largest, 0});
  arrive_at_cluster();
  wait_for_cluster();
  for (const float2& of_part : of_parts) largest = fmaxf(largest, of_part.x);
  auto* to = reinterpret_cast<unsigned char*>(out + int64_t{row} * k_padded);
  quantize_row<Weights>(in, row, k, k_padded, largest, PutOctet{to}, share);
  if (threadIdx.x == 0 && part == 0) factors[row] = factor_of(in, {.largest = largest}, k);
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
  quantize_row<Weights>(in, row, k, k_padded, all.largest, PutOctet{to});
  if (threadIdx.x == 0) factors[row] = factor_of(in, all, k);
}

template <class Weights>
auto quantize_kernel(bool in_parts) {
  return in_parts ? quantize_in_parts_kernel<Weights> : quantize_rows_kernel<Weights>;
}

}  // namespace

int round_rows(StreamRows& rows, int32_t k, WeightType type, Context& c) {
  const int64_t k_padded = (k + kRoundedTo - 1) / kRoundedTo * kRoundedTo;
  const int64_t n_bytes = (rows.n_rows * k_padded * 2 + 255) / 256 * 256;
  std::byte* memory = c.scratch(n_bytes + rows.n_rows * int64_t{4});
  if (memory == nullptr) return kDeviceFailed;
  auto* rounded = reinterpret_cast<uint16_t*>(memory);
  auto* factors = reinterpret_cast<float*>(memory + n_bytes);
  const bool in_parts = rows.norm_weight == nullptr && type != WeightType::kBf16;
  const unsigned parts = in_parts ? kRowParts : 1;
  const auto kernel = type == WeightType::kBf16   ? round_rows_kernel
                      : type == WeightType::kInt8 ? quantize_kernel<Int8Weights>(in_parts)
                                                  : quantize_kernel<Int4Weights>(in_parts);
  const Shape shape = {.grid = dim3(rows.n_rows, parts), .block = kRowThreads, .cluster = parts};
  const int done =
      launch(c, kernel, shape, rows, k, static_cast<int32_t>(k_padded), rounded, factors);
  const bool has_factors = rows.norm_weight != nullptr || type != WeightType::kBf16;
  rows = {.rounded = rounded,
          .stride = k_padded,
          .n_rows = rows.n_rows,
          .factors = has_factors ? factors : nullptr};
  return done;
}

}  // namespace rondo::kernels::cuda
