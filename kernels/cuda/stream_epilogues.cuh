// What becomes of the sums of a product (linear_stream.cuh): of a row of x with a row of W, or with
// a pair of rows of W a fixed distance apart. `prepare` fetches what else is needed while the sums
// are being made.
#pragma once

#include "kernels/cuda/kv_page.cuh"
#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

struct StoreSums {
  static constexpr bool kPaired = false;
  static constexpr int kWideTiles = 5;  // of 8 outputs, where 32 rows share a tile
  using Early = float;
  float* out = nullptr;  // f32 [T, n]
  int64_t stride = 0;    // floats
  bool accumulate = false;

  __device__ Early prepare(int row, int output) const {
    return accumulate ? out[row * stride + output] : 0.0f;
  }
  __device__ void store(int row, int output, const float (&sum)[1], Early before) const {
    out[row * stride + output] = __fadd_rn(before, sum[0]);
  }
};

// W is gate above up, F rows each. Hidden rows are rounded to bf16 where the next product takes
// them so.
template <class Value>
struct StoreSwiglu {
  static constexpr bool kPaired = true;
  static constexpr int kWideTiles = 6;
  struct Early {};
  Value* out = nullptr;  // f32 or bf16 [T, F]
  int64_t stride = 0;    // elements

  __device__ Early prepare(int, int) const { return {}; }
  __device__ void store(int row, int output, const float (&gate_up)[2], Early) const {
    const float gate = gate_up[0];
    const float hidden = gate / __fadd_rn(1.0f, expf(-gate)) * gate_up[1];
    if constexpr (std::is_same_v<Value, float>) {
      out[row * stride + output] = hidden;
    } else {
      out[row * stride + output] = to_bf16(hidden);
    }
  }
};

// W is queries, keys, values, a head after the other; pairs are half a head apart. Queries go to
// p.qkv, keys and values into the pages.
struct StoreRotated {
  static constexpr bool kPaired = true;
  static constexpr int kWideTiles = 4;  // a head is a multiple of
  struct Early {
    Rotation rotation;
    int32_t slot;
    float bias[2];
  };
  RopeStoreParams p;

  __device__ Early prepare(int row, int output) const {
    Early early = {Rotation(p, output % p.head_dim, p.positions[row]), p.slots[row]};
    if (p.bias != nullptr) {
      early.bias[0] = p.bias[output];
      early.bias[1] = p.bias[output + p.head_dim / 2];
    }
    return early;
  }
  __device__ void store(int row, int output, const float (&sums)[2], const Early& early) const {
    const int head = output / p.head_dim, i = output % p.head_dim, half = p.head_dim / 2;
    float a = sums[0], b = sums[1];
    if (p.bias != nullptr) {
      a = __fadd_rn(a, early.bias[0]);
      b = __fadd_rn(b, early.bias[1]);
    }
    if (head < p.n_heads + p.n_kv_heads) early.rotation.turn(a, b);
    if (head < p.n_heads) {
      float* query = p.qkv + (int64_t{row} * (p.n_heads + 2 * p.n_kv_heads) + head) * p.head_dim;
      query[i] = a;
      query[i + half] = b;
    } else if (early.slot >= 0) {
      const TokenPlace place(p.kv, early.slot, p.head_dim);
      place.element(head - p.n_heads, i) = to_bf16(a);
      place.element(head - p.n_heads, i + half) = to_bf16(b);
    }
  }
};

}  // namespace rondo::kernels::cuda
