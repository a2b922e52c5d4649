// rope_store (formula in kernels.h). A block is a row: threads rotate pairs of all query and key
// heads, then keys and values go to the page as bf16, to the nearest even.
//
// Page layout of the CUDA table: keys [Hk][kPageTokens][D], then values in the same shape.

#include "kernels/cuda/context.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void rope_store_kernel(RopeStoreParams p) {
  const int64_t row = blockIdx.x;
  const int half = p.head_dim / 2, n_rotated = p.n_heads + p.n_kv_heads;
  float* qkv = p.qkv + row * (p.n_heads + 2 * p.n_kv_heads) * p.head_dim;
  const auto position = static_cast<float>(p.positions[row]);
  for (int i = threadIdx.x; i < n_rotated * half; i += kThreads) {
    const int pair = i % half;
    float* head = qkv + int64_t{i / half} * p.head_dim;
    const float frequency = 1.0f / powf(p.theta, 2.0f * pair / p.head_dim);
    float sine, cosine;
    sincosf(position * frequency, &sine, &cosine);
    const float a = head[pair], b = head[pair + half];
    head[pair] = a * cosine - b * sine;
    head[pair + half] = b * cosine + a * sine;
  }
  __syncthreads();
  const int32_t slot = p.slots[row];
  if (slot < 0) return;
  auto* page = reinterpret_cast<uint16_t*>(
      p.kv.data + int64_t{slot / kPageTokens} * p.kv.page_stride_bytes + p.kv.layer_offset_bytes);
  const float* keys = qkv + int64_t{p.n_heads} * p.head_dim;
  for (int i = threadIdx.x; i < 2 * p.n_kv_heads * p.head_dim; i += kThreads) {
    const int head = i / p.head_dim, element = i % p.head_dim;
    page[(int64_t{head} * kPageTokens + slot % kPageTokens) * p.head_dim + element] =
        to_bf16(keys[i]);
  }
}

}  // namespace

int rope_store(const RopeStoreParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  Context& c = context(stream);
  rope_store_kernel<<<p.n_rows, kThreads, 0, c.stream()>>>(p);
  return launched(c);
}

}  // namespace rondo::kernels::cuda
