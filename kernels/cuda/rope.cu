// rope_store and copy_token (formulas in kernels.h). A block is a row: threads rotate pairs of all
// query and key heads, then keys and values go to the page as bf16, to the nearest even.
//
// Page layout of the CUDA table: keys [Hk][kPageTokens][D], then values in the same shape.

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;

// A layer of the page of `slot`, and the place of the slot's token in one of its 2 Hk heads.
struct TokenPlace {
  __device__ TokenPlace(const KvLayer& kv, int32_t slot, int32_t head_dim)
      : page(reinterpret_cast<uint16_t*>(
            kv.data + int64_t{slot / kPageTokens} * kv.page_stride_bytes + kv.layer_offset_bytes)),
        offset(slot % kPageTokens),
        head_dim(head_dim) {}

  __device__ uint16_t& element(int head, int i) const {
    return page[(int64_t{head} * kPageTokens + offset) * head_dim + i];
  }

  uint16_t* page;
  int32_t offset, head_dim;
};

__global__ void rope_store_kernel(RopeStoreParams p) {
  begin_kernel();
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
  const TokenPlace place(p.kv, slot, p.head_dim);
  const float* keys = qkv + int64_t{p.n_heads} * p.head_dim;
  for (int i = threadIdx.x; i < 2 * p.n_kv_heads * p.head_dim; i += kThreads) {
    place.element(i / p.head_dim, i % p.head_dim) = to_bf16(keys[i]);
  }
}

__global__ void copy_token_kernel(CopyTokenParams p) {
  begin_kernel();
  const TokenPlace from(p.kv, p.from_slot, p.head_dim), to(p.kv, p.to_slot, p.head_dim);
  for (int i = threadIdx.x; i < 2 * p.n_kv_heads * p.head_dim; i += kThreads) {
    const int head = i / p.head_dim, element = i % p.head_dim;
    to.element(head, element) = from.element(head, element);
  }
}

}  // namespace

int rope_store(const RopeStoreParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  return launch(context(stream), rope_store_kernel, {.grid = p.n_rows, .block = kThreads}, p);
}

int copy_token(const CopyTokenParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16) return kBadArguments;
  return launch(context(stream), copy_token_kernel, {.grid = 1, .block = kThreads}, p);
}

}  // namespace rondo::kernels::cuda
