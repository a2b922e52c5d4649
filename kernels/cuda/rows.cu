// embed, rms_norm and swiglu (formulas in kernels.h): memory alone limits them, so
// threads take neighbouring elements, four at a time where they are aligned. float32 throughout;
// sums over a row are added in an order that depends on its length alone.

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kNormThreads = 512;  // a row is a block: few rows have no others to hide behind

// bf16 number `index` of an array that may be unaligned to 2 bytes.
__device__ float load_bf16(const void* array, int64_t index) {
  const auto* bytes = static_cast<const uint8_t*>(array) + 2 * index;
  return bf16_value(static_cast<uint16_t>(bytes[0] | bytes[1] << 8));
}

__global__ void embed_kernel(EmbedParams p) {
  begin_kernel();
  const int64_t row = blockIdx.x, id = p.ids[row];
  const int32_t dim = p.table.k;
  if (p.table.type == WeightType::kInt8) {
    const auto* from = static_cast<const int8_t*>(p.table.data) + id * dim;
    const float scale = load_bf16(p.table.scales, id);
    for (int i = threadIdx.x; i < dim; i += kThreads) p.x[row * dim + i] = from[i] * scale;
  } else {
    for (int i = threadIdx.x; i < dim; i += kThreads) {
      p.x[row * dim + i] = load_bf16(p.table.data, id * dim + i);
    }
  }
}

__device__ bool is_aligned(const void* a, const void* b, const void* c) {
  return (reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b) |
          reinterpret_cast<uintptr_t>(c)) %
             16 ==
         0;
}

__global__ void __launch_bounds__(kNormThreads) rms_norm_kernel(RmsNormParams p) {
  begin_kernel();
  const float* x = p.x + int64_t{blockIdx.x} * p.dim;
  float* out = p.out + int64_t{blockIdx.x} * p.dim;
  const bool aligned = is_aligned(x, out, p.weight);
  float sum = 0;
  for (int at = 4 * threadIdx.x; at < p.dim; at += 4 * kNormThreads) {
    const float4 v = load_four(x, at, p.dim, aligned);
    sum = fmaf(v.x, v.x, fmaf(v.y, v.y, fmaf(v.z, v.z, fmaf(v.w, v.w, sum))));
  }
  const float mean = block_sum<kNormThreads>(sum) / p.dim;
  const float factor = 1.0f / sqrtf(mean + p.eps);
  for (int at = 4 * threadIdx.x; at < p.dim; at += 4 * kNormThreads) {
    const float4 v = load_four(x, at, p.dim, aligned), w = load_four(p.weight, at, p.dim, aligned);
    store_four(out, at, p.dim, aligned,
               {v.x * factor * w.x, v.y * factor * w.y, v.z * factor * w.z, v.w * factor * w.w});
  }
}

__device__ float silu(float x) { return x / (1.0f + expf(-x)); }

__global__ void swiglu_kernel(SwigluParams p) {
  begin_kernel();
  const int at = 4 * (blockIdx.y * kThreads + threadIdx.x);
  if (at >= p.dim) return;
  const float* gates = p.gate_up + int64_t{blockIdx.x} * 2 * p.dim;
  float* out = p.out + int64_t{blockIdx.x} * p.dim;
  const bool aligned = is_aligned(gates, gates + p.dim, out);
  const float4 g = load_four(gates, at, p.dim, aligned);
  const float4 u = load_four(gates + p.dim, at, p.dim, aligned);
  store_four(out, at, p.dim, aligned,
             {silu(g.x) * u.x, silu(g.y) * u.y, silu(g.z) * u.z, silu(g.w) * u.w});
}

}  // namespace

int embed(const EmbedParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  return launch(context(stream), embed_kernel, {.grid = p.n_rows, .block = kThreads}, p);
}

int rms_norm(const RmsNormParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  return launch(context(stream), rms_norm_kernel, {.grid = p.n_rows, .block = kNormThreads}, p);
}

int swiglu(const SwigluParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  const dim3 grid(p.n_rows, (p.dim + 4 * kThreads - 1) / (4 * kThreads));
  return launch(context(stream), swiglu_kernel, {.grid = grid, .block = kThreads}, p);
}

}  // namespace rondo::kernels::cuda
