// The page layout of the CUDA table: keys [Hk][kPageTokens][D], then values in the same shape,
// bf16. And the bias and the rotation that keys have there.
#pragma once

#include "kernels/cuda/reduce.cuh"
#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

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

// Element `at` of a row's (H + 2 Hk) D, with its bias. The sum is written out, so that a product
// before it is rounded for itself.
__device__ inline float with_bias(const RopeStoreParams& p, int at, float value) {
  return p.bias == nullptr ? value : __fadd_rn(value, p.bias[at]);
}

// Of elements i and i + head_dim / 2 of a query or key (half-split RoPE, kernels.h).
struct Rotation {
  Rotation() = default;
  __device__ Rotation(const RopeStoreParams& p, int i, int32_t position) {
    const float frequency = 1.0f / powf(p.theta, 2.0f * i / p.head_dim) / p.factor;
    sincosf(static_cast<float>(position) * frequency, &sine, &cosine);
  }
  // Written out, so that every kernel rounds alike.
  __device__ void turn(float& a, float& b) const {
    const float first = __fmaf_rn(a, cosine, -__fmul_rn(b, sine));
    b = __fmaf_rn(b, cosine, __fmul_rn(a, sine));
    a = first;
  }

  float sine, cosine;
};

}  // namespace rondo::kernels::cuda
