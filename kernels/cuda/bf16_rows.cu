// Memory limits all three: a thread takes 8 neighbours at a time, 16 bytes of bf16.

#include "kernels/cuda/bf16_rows.h"

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/weights.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kOctets = 4;  // of a row that a thread of norm_kernel keeps

__device__ bool is_aligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % 16 == 0; }

__device__ void store_octet(uint16_t* to, const float (&x)[8]) {
  *reinterpret_cast<uint4*>(to) = make_uint4(pack_bf16(x[0], x[1]), pack_bf16(x[2], x[3]),
                                             pack_bf16(x[4], x[5]), pack_bf16(x[6], x[7]));
}

// 8 values of a row of bf16 from `at` on, zeros behind n.
__device__ void load_bf16_octet(const uint16_t* row, int at, int n, float (&x)[8]) {
  if (is_aligned(row + at) && at + 8 <= n) {
    const uint4 words = *reinterpret_cast<const uint4*>(row + at);
    const uint32_t pairs[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 pair = bf16_pair(pairs[i]);
      x[2 * i] = pair.x, x[2 * i + 1] = pair.y;
    }
  } else {
#pragma unroll
    for (int i = 0; i < 8; ++i) x[i] = at + i < n ? bf16_value(row[at + i]) : 0.0f;
  }
}

// The octet of a buffer that a thread works on, rows one after the other.
struct Place {
  __device__ Place(int width) {
    const int n_octets = (width + 7) / 8;
    const int64_t octet = int64_t{blockIdx.x} * kThreads + threadIdx.x;
    row = octet / n_octets;
    at = 8 * static_cast<int>(octet % n_octets);
  }
  int64_t row;
  int at;
};

unsigned blocks_of_places(int32_t n_rows, int32_t width) {
  const int64_t n_octets = n_rows * bf16_stride(width) / 8;
  return static_cast<unsigned>((n_octets + kThreads - 1) / kThreads);
}

__global__ void round_kernel(const float* x, int64_t x_stride, int32_t n_rows, int32_t width,
                             uint16_t* out) {
  begin_kernel();
  const Place place(width);
  if (place.row >= n_rows) return;
  const float* from = x + place.row * x_stride;
  float values[8];
  load_octet(from, place.at, width, is_aligned(from), values);
  store_octet(out + place.row * bf16_stride(width) + place.at, values);
}

// kRowThreads threads a row, which stays in their registers.
template <int kRowThreads>
__global__ void __launch_bounds__(kRowThreads < kThreads ? kThreads : kRowThreads)
    norm_kernel(const float* x, const float* weight, float eps, int32_t n_rows, int32_t width,
                uint16_t* out) {
  begin_kernel();
  const int64_t row =
      kRowThreads == 32 ? int64_t{blockIdx.x} * blockDim.y + threadIdx.y : blockIdx.x;
  if (row >= n_rows) return;
  const float* from = x + row * width;
  const bool aligned = is_aligned(from), weight_aligned = is_aligned(weight);
  float values[kOctets][8];
  float sum = 0;
#pragma unroll
  for (int octet = 0; octet < kOctets; ++octet) {
    const int at = 8 * (octet * kRowThreads + threadIdx.x);
    load_octet(from, at, width, aligned, values[octet]);
#pragma unroll
    for (int i = 0; i < 8; ++i) sum = fmaf(values[octet][i], values[octet][i], sum);
  }
  sum = kRowThreads == 32 ? warp_sum(sum) : block_sum<kRowThreads>(sum);
  const float factor = 1.0f / sqrtf(sum / width + eps);
#pragma unroll
  for (int octet = 0; octet < kOctets; ++octet) {
    const int at = 8 * (octet * kRowThreads + threadIdx.x);
    if (at >= width) continue;
    float w[8];
    load_octet(weight, at, width, weight_aligned, w);
#pragma unroll
    for (int i = 0; i < 8; ++i) w[i] *= values[octet][i] * factor;
    store_octet(out + row * bf16_stride(width) + at, w);
  }
}

// x / (1 + exp(-x)) to about 2^-20, which rounding to bf16 hides.
__device__ float fast_silu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }

__global__ void swiglu_kernel(const uint16_t* gate_up, int32_t n_rows, int32_t width,
                              uint16_t* out) {
  begin_kernel();
  const Place place(width);
  if (place.row >= n_rows) return;
  const uint16_t* gates = gate_up + place.row * bf16_stride(2 * int64_t{width});
  float gate[8], up[8];
  load_bf16_octet(gates, place.at, width, gate);
  load_bf16_octet(gates + width, place.at, width, up);
#pragma unroll
  for (int i = 0; i < 8; ++i) up[i] *= fast_silu(gate[i]);
  store_octet(out + place.row * bf16_stride(width) + place.at, up);
}

template <int kRowThreads>
int launch_norm(const float* x, const float* weight, float eps, int32_t n_rows, int32_t width,
                uint16_t* out, Context& c) {
  constexpr int kRows = kRowThreads == 32 ? kThreads / 32 : 1;  // of a block
  const Shape shape{.grid = (n_rows + kRows - 1) / kRows, .block = dim3(kRowThreads, kRows)};
  return launch(c, norm_kernel<kRowThreads>, shape, x, weight, eps, n_rows, width, out);
}

}  // namespace

int round_rows(const float* x, int64_t x_stride, int32_t n_rows, int32_t width, uint16_t* out,
               Context& c) {
  const Shape shape{.grid = blocks_of_places(n_rows, width), .block = kThreads};
  return launch(c, round_kernel, shape, x, x_stride, n_rows, width, out);
}

int norm_rows(const float* x, const float* weight, float eps, int32_t n_rows, int32_t width,
              uint16_t* out, Context& c) {
  if (width <= 32 * 8 * kOctets) return launch_norm<32>(x, weight, eps, n_rows, width, out, c);
  if (width <= 256 * 8 * kOctets) return launch_norm<256>(x, weight, eps, n_rows, width, out, c);
  return launch_norm<1024>(x, weight, eps, n_rows, width, out, c);
}

int swiglu_rows(const uint16_t* gate_up, int32_t n_rows, int32_t width, uint16_t* out, Context& c) {
  const Shape shape{.grid = blocks_of_places(n_rows, width), .block = kThreads};
  return launch(c, swiglu_kernel, shape, gate_up, n_rows, width, out);
}

}  // namespace rondo::kernels::cuda
