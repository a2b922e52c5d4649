// embed, rms_norm, gate_mix and swiglu (formulas in kernels.h): memory alone limits them, so a
// block is a row and threads take neighbouring elements. float32 throughout; sums over a row are
// added in an order that depends on its length alone.

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;

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

__global__ void rms_norm_kernel(RmsNormParams p) {
  begin_kernel();
  const float* x = p.x + int64_t{blockIdx.x} * p.dim;
  float* out = p.out + int64_t{blockIdx.x} * p.dim;
  float sum = 0;
  for (int i = threadIdx.x; i < p.dim; i += kThreads) sum += x[i] * x[i];
  const float mean = block_sum<kThreads>(sum) / p.dim;
  const float factor = 1.0f / sqrtf(mean + p.eps);
  for (int i = threadIdx.x; i < p.dim; i += kThreads) out[i] = x[i] * factor * p.weight[i];
}

// A warp a head.
__global__ void gate_mix_kernel(GateMixParams p) {
  begin_kernel();
  const int head = blockIdx.y * blockDim.y + threadIdx.y, lane = threadIdx.x;
  if (head >= p.n_heads) return;
  const float* q = p.q + int64_t{blockIdx.x} * p.q_stride + int64_t{head} * p.head_dim;
  const float* weight = p.weight + int64_t{head} * p.head_dim;
  float logit = 0;
  for (int i = lane; i < p.head_dim; i += 32) logit += q[i] * weight[i];
  logit = warp_sum(logit) + p.bias[head];
  const float gate = 1.0f / (1.0f + expf(-logit));
  const int64_t at = (int64_t{blockIdx.x} * p.n_heads + head) * p.head_dim;
  for (int i = lane; i < p.head_dim; i += 32) {
    const float local = p.local[at + i];
    p.out[at + i] = local + gate * (p.global[at + i] - local);
  }
}

__global__ void swiglu_kernel(SwigluParams p) {
  begin_kernel();
  const int64_t row = blockIdx.x;
  const float* gate_up = p.gate_up + row * 2 * p.dim;
  for (int i = blockIdx.y * kThreads + threadIdx.x; i < p.dim; i += gridDim.y * kThreads) {
    const float gate = gate_up[i];
    p.out[row * p.dim + i] = gate / (1.0f + expf(-gate)) * gate_up[p.dim + i];
  }
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
  return launch(context(stream), rms_norm_kernel, {.grid = p.n_rows, .block = kThreads}, p);
}

int gate_mix(const GateMixParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  constexpr int kHeads = 8;
  const dim3 grid(p.n_rows, (p.n_heads + kHeads - 1) / kHeads);
  return launch(context(stream), gate_mix_kernel, {.grid = grid, .block = dim3(32, kHeads)}, p);
}

int swiglu(const SwigluParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  const dim3 grid(p.n_rows, (p.dim + kThreads - 1) / kThreads);
  return launch(context(stream), swiglu_kernel, {.grid = grid, .block = kThreads}, p);
}

}  // namespace rondo::kernels::cuda
