// The packed layout of the CUDA table:
//
//   bf16 weights   bf16 [n][k8]                                        rows padded with zeros to
//   int8 weights   int8 [n][k16] | scales f32 [n] | bf16 [n][k8]       16 bytes; parts to 256 bytes
//
// One to 16 rows read the int8; more rows are a tensor core product of the bf16, dequantised once.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

struct Matrix {
  explicit Matrix(const PackedMatrix& packed)
      : n(packed.n),
        k(packed.k),
        k_bf16((packed.k + 7) / 8 * 8),
        k_int8((packed.k + 15) / 16 * 16) {
    const auto* data = static_cast<const std::byte*>(packed.data);
    int64_t at = 0;
    if (packed.type == WeightType::kInt8) {
      int8 = reinterpret_cast<const int8_t*>(data);
      at = aligned(int64_t{n} * k_int8);
      scales = reinterpret_cast<const float*>(data + at);
      at += aligned(n * int64_t{sizeof(float)});
    }
    bf16 = reinterpret_cast<const uint16_t*>(data + at);
    n_bytes = at + aligned(int64_t{n} * k_bf16 * 2);
  }

  int32_t n, k;
  int32_t k_bf16, k_int8;          // elements from row to row
  const int8_t* int8 = nullptr;    // [n][k_int8], int8 weights only
  const float* scales = nullptr;   // [n], int8 weights only
  const uint16_t* bf16 = nullptr;  // [n][k_bf16]
  int64_t n_bytes = 0;

 private:
  static int64_t aligned(int64_t n_bytes) { return (n_bytes + 255) / 256 * 256; }
};

}  // namespace rondo::kernels::cuda
