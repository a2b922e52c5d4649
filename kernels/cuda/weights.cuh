// 16 bytes of weights, and the rows they are multiplied with, as the tensor cores take them: pairs
// of bf16, or bytes. A lane's bytes are kLane weights, neighbours along k, in octets of 8; an octet
// becomes four pairs, weights first(pair) and first(pair) + kApart of the octet, or of quantised
// weights two words of bytes. All conversions are exact.
#pragma once

#include "kernels/cuda/mma.cuh"
#include "kernels/cuda/reduce.cuh"

namespace rondo::kernels::cuda {

struct Bf16Weights {
  static constexpr bool kIsInteger = false;
  static constexpr int kLane = 8;
  static constexpr int kApart = 1;
  __device__ static constexpr int first(int pair) { return 2 * pair; }

  // The last but one argument is int4's.
  __device__ static void octet(const uint4& bytes, int, int, uint32_t (&pairs)[4]) {
    pairs[0] = bytes.x;
    pairs[1] = bytes.y;
    pairs[2] = bytes.z;
    pairs[3] = bytes.w;
  }
};

constexpr uint32_t k128 = 0x43004300;  // two bf16 of 128: the last bit of each is a 1

struct Int8Weights {
  static constexpr bool kIsInteger = true;
  static constexpr int kLane = 16;
  static constexpr int kApart = 2;
  __device__ static constexpr int first(int pair) { return pair / 2 * 4 + pair % 2; }

  // Bytes 0 and 2 of a word. A byte b is 128 + (its low 7 bits) less 128, or 256 if it is negative.
  __device__ static uint32_t even_bytes(uint32_t word) {
    return subtract_bf16((word & 0x007f007f) | k128, (word & 0x00800080) | k128);
  }
  __device__ static void octet(const uint4& bytes, int index, int, uint32_t (&pairs)[4]) {
    const uint32_t first = index == 0 ? bytes.x : bytes.z;
    const uint32_t second = index == 0 ? bytes.y : bytes.w;
    pairs[0] = even_bytes(first);
    pairs[1] = even_bytes(first >> 8);
    pairs[2] = even_bytes(second);
    pairs[3] = even_bytes(second >> 8);
  }
  // 8 of a lane's bytes, for one product.
  __device__ static void bytes(const uint4& piece, int index, uint32_t& first, uint32_t& second) {
    first = index == 0 ? piece.x : piece.z;
    second = index == 0 ? piece.y : piece.w;
  }
  __device__ static uint2 arrange_bytes(const uint2& x) { return x; }
};

struct Int4Weights {
  static constexpr bool kIsInteger = true;
  static constexpr int kLane = 32;
  static constexpr int kApart = 4;
  __device__ static constexpr int first(int pair) { return pair; }

  // Nibbles stand for themselves less 8, and plus a 16th of `offset`.
  __device__ static void octet(const uint4& bytes, int index, int offset, uint32_t (&pairs)[4]) {
    const uint32_t words[4] = {bytes.x, bytes.y, bytes.z, bytes.w};
    const uint32_t zero = (0x4308 - offset / 16) * 0x10001;  // two bf16 of 128 and the zero point
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      pairs[i] = subtract_bf16(((words[index] >> (4 * i)) & 0x000f000f) | k128, zero);
    }
  }
  // Of 8 nibbles of the row, less 8 and times 16, as bytes: the even ones, and the odd ones.
  static constexpr float kOneStep = 1.0f / 16;
  __device__ static void bytes(const uint4& piece, int index, uint32_t& even, uint32_t& odd) {
    const uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
    even = ((words[index] << 4) & 0xf0f0f0f0u) ^ 0x80808080u;
    odd = (words[index] & 0xf0f0f0f0u) ^ 0x80808080u;
  }
  // The bytes of 8 neighbours of x in that order.
  __device__ static uint2 arrange_bytes(const uint2& x) {
    return {__byte_perm(x.x, x.y, 0x6420), __byte_perm(x.x, x.y, 0x7531)};
  }
};

// 8 values of a row from `at` on, zeros behind its end. `aligned`: the row is, to 16 bytes.
__device__ inline void load_octet(const float* row, int at, int k, bool aligned, float (&x)[8]) {
  if (aligned && at + 8 <= k) {
    const float4 a = *reinterpret_cast<const float4*>(row + at);
    const float4 b = *reinterpret_cast<const float4*>(row + at + 4);
    x[0] = a.x, x[1] = a.y, x[2] = a.z, x[3] = a.w;
    x[4] = b.x, x[5] = b.y, x[6] = b.z, x[7] = b.w;
  } else {
#pragma unroll
    for (int i = 0; i < 8; ++i) x[i] = at + i < k ? row[at + i] : 0.0f;
  }
}

// What goes with an octet of weights: an octet of one row, or of two, as A.
template <class Weights>
struct RowOctet {
  // The rows g and g + 8 of A, four pairs each.
  uint32_t upper[4] = {}, lower[4] = {};

  // Two planes of one row.
  __device__ void split(const float (&x)[8]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float a = x[Weights::first(i)], b = x[Weights::first(i) + Weights::kApart];
      upper[i] = pack_bf16(a, b);
      const float2 rounded = bf16_pair(upper[i]);
      lower[i] = pack_bf16(a - rounded.x, b - rounded.y);
    }
  }
  __device__ static void round(const float (&x)[8], uint32_t (&to)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      to[i] = pack_bf16(x[Weights::first(i)], x[Weights::first(i) + Weights::kApart]);
    }
  }
};

}  // namespace rondo::kernels::cuda
