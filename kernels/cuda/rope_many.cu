// rope_store for many rows: an angle's sine and cosine cost more than what all heads do with them,
// so a block works them out once for its rows, a thread an angle, and keeps them in shared memory.
// Then a thread takes 4 neighbouring pairs (i, i + D/2) of a head at a time.

#include "kernels/cuda/rope_many.h"

#include "kernels/cuda/kv_page.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 256;  // angles of a block

__device__ void store(uint16_t* to, const float4& v) {
  *reinterpret_cast<uint2*>(to) = make_uint2(pack_bf16(v.x, v.y), pack_bf16(v.z, v.w));
}

// Queries, keys and values that are rotated where they stand, and such that come as bf16 from
// elsewhere: of these only queries go to p.qkv.
struct InPlace {
  static constexpr bool kKeepsKeys = true;
  const float* rows;
  __device__ float4 load(int64_t at) const { return *reinterpret_cast<const float4*>(rows + at); }
};
struct FromBf16 {
  static constexpr bool kKeepsKeys = false;
  const uint16_t* rows;
  __device__ float4 load(int64_t at) const {
    const uint2 words = *reinterpret_cast<const uint2*>(rows + at);
    const float2 low = bf16_pair(words.x), high = bf16_pair(words.y);
    return {low.x, low.y, high.x, high.y};
  }
};

// Adds the bias of four neighbours from element `at` of a row on.
__device__ void add_bias(const RopeStoreParams& p, int at, float4& v) {
  const float4 bias = *reinterpret_cast<const float4*>(p.bias + at);
  v = {v.x + bias.x, v.y + bias.y, v.z + bias.z, v.w + bias.w};
}

// A block takes n_rows = kThreads / (D / 2) rows.
template <class From>
__global__ void __launch_bounds__(kThreads) rope_many_kernel(RopeStoreParams p, From from) {
  __shared__ Rotation rotations[kThreads];
  begin_kernel();
  const int half = p.head_dim / 2, n_heads = p.n_heads + 2 * p.n_kv_heads;
  const int64_t first_row = int64_t{blockIdx.x} * (kThreads / half);
  const int n_rows = min(static_cast<int64_t>(kThreads / half), p.n_rows - first_row);
  const int row_of_angle = threadIdx.x / half, i_of_angle = threadIdx.x % half;
  if (row_of_angle < n_rows) {
    rotations[threadIdx.x] = Rotation(p, i_of_angle, p.positions[first_row + row_of_angle]);
  }
  __syncthreads();
  const int n_quads = half / 4;
  for (int item = threadIdx.x; item < n_rows * n_heads * n_quads; item += kThreads) {
    const int i = item % n_quads * 4, head = item / n_quads % n_heads;
    const int row = item / n_quads / n_heads, stored = head - p.n_heads;
    const int64_t at = ((first_row + row) * n_heads + head) * p.head_dim + i;
    float4 a = from.load(at), b = from.load(at + half);
    if (p.bias != nullptr) {
      add_bias(p, head * p.head_dim + i, a);
      add_bias(p, head * p.head_dim + i + half, b);
    }
    if (stored < p.n_kv_heads) {  // a query or a key
      const Rotation* rotation = rotations + row * half + i;
      rotation[0].turn(a.x, b.x);
      rotation[1].turn(a.y, b.y);
      rotation[2].turn(a.z, b.z);
      rotation[3].turn(a.w, b.w);
    }
    if (stored < (From::kKeepsKeys ? p.n_kv_heads : 0)) {
      *reinterpret_cast<float4*>(p.qkv + at) = a;
      *reinterpret_cast<float4*>(p.qkv + at + half) = b;
    }
    const int32_t slot = stored >= 0 ? p.slots[first_row + row] : -1;
    if (slot < 0) continue;
    const TokenPlace place(p.kv, slot, p.head_dim);
    store(&place.element(stored, i), a);
    store(&place.element(stored, i + half), b);
  }
}

template <class From>
int launch_rope(const RopeStoreParams& p, const From& from, Context& c) {
  const int rows = kThreads / (p.head_dim / 2);
  const Shape shape{.grid = (p.n_rows + rows - 1) / rows, .block = kThreads};
  return launch(c, rope_many_kernel<From>, shape, p, from);
}

}  // namespace

bool takes_rope_many_rows(const RopeStoreParams& p) {
  return p.head_dim % 8 == 0 && p.head_dim <= kThreads &&
         (reinterpret_cast<uintptr_t>(p.qkv) | reinterpret_cast<uintptr_t>(p.bias) |
          reinterpret_cast<uintptr_t>(p.kv.data) | static_cast<uintptr_t>(p.kv.page_stride_bytes) |
          static_cast<uintptr_t>(p.kv.layer_offset_bytes)) %
                 16 ==
             0;
}

int rope_many_rows(const RopeStoreParams& p, Context& c) {
  return launch_rope(p, InPlace{p.qkv}, c);
}

int rope_bf16_rows(const RopeStoreParams& p, const uint16_t* qkv, Context& c) {
  return launch_rope(p, FromBf16{qkv}, c);
}

}  // namespace rondo::kernels::cuda
