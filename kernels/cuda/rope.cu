// rope_store and copy_token (formulas in kernels.h). A warp is a head of a row: it rotates
// the pairs of a query or key, and writes a key or value to the page as bf16, to the nearest even.

#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/kv_page.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/rope_many.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kHeads = 8;  // of a block, a warp each

__global__ void rope_store_kernel(RopeStoreParams p) {
  begin_kernel();
  const int n_heads = p.n_heads + 2 * p.n_kv_heads, half = p.head_dim / 2, lane = threadIdx.x;
  const int head = blockIdx.y * kHeads + threadIdx.y, stored = head - p.n_heads;
  if (head >= n_heads) return;
  const int64_t row = blockIdx.x;
  const int first = head * p.head_dim;  // of the row's elements
  float* elements = p.qkv + row * n_heads * p.head_dim + first;
  const int32_t slot = p.slots[row];
  const TokenPlace place(p.kv, max(slot, 0), p.head_dim);
  uint16_t* to = slot >= 0 && stored >= 0 ? &place.element(stored, 0) : nullptr;
  if (stored >= p.n_kv_heads) {  // a value
    if (to == nullptr) return;
    for (int i = lane; i < p.head_dim; i += 32)
      to[i] = to_bf16(with_bias(p, first + i, elements[i]));
    return;
  }
  for (int i = lane; i < half; i += 32) {
    float a = with_bias(p, first + i, elements[i]);
    float b = with_bias(p, first + i + half, elements[i + half]);
    Rotation(p, i, p.positions[row]).turn(a, b);
    elements[i] = a;
    elements[i + half] = b;
    if (to != nullptr) to[i] = to_bf16(a), to[i + half] = to_bf16(b);
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
  if (p.n_rows > kFewRows && takes_rope_many_rows(p)) return rope_many_rows(p, context(stream));
  const int n_heads = p.n_heads + 2 * p.n_kv_heads;
  const dim3 grid(p.n_rows, (n_heads + kHeads - 1) / kHeads);
  return launch(context(stream), rope_store_kernel, {.grid = grid, .block = dim3(32, kHeads)}, p);
}

int copy_token(const CopyTokenParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16) return kBadArguments;
  return launch(context(stream), copy_token_kernel, {.grid = 1, .block = kThreads}, p);
}

}  // namespace rondo::kernels::cuda
