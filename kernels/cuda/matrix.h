// The packed layout of the CUDA table. Rows are padded with zeros, parts to 256 bytes:
//
//   bf16 weights   bf16 [n][k]
//   int8 weights   int8 [n][k] | scales f32 [n] | bf16 [n][k] of a small matrix
//   int4 weights   words [n][k / 8] | scales bf16 [n / 8][k / 128][8], each 8 with the offsets
//   behind
//                  them where there are zero points: i16 [8], 16 * (8 - zero point)
//
// Rows are multiples of kRowBytes, which a copy engine takes at a time.
//
// One to 32 rows read the weights as they are; more rows are a tensor core product of bf16 weights,
// which small int8 matrices keep and others make from slice to slice.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

struct Matrix {
  // int8 matrices of at most so many weights keep them in bf16 too: three times the memory, where
  // converting would take longer than the product.
  static constexpr int64_t kSmall = 16 << 20;
  static constexpr int64_t kRowBytes = 128;

  explicit Matrix(const PackedMatrix& packed)
      : n(packed.n),
        k(packed.k),
        k_bf16(static_cast<int32_t>(padded(packed.k, kRowBytes / 2))),
        type(packed.type) {
    const auto* data = static_cast<const std::byte*>(packed.data);
    const auto place = [&](int64_t part_bytes) {
      const std::byte* part = data + n_bytes;
      n_bytes += padded(part_bytes, 256);
      return part;
    };
    row_bytes = type == WeightType::kBf16   ? 2 * int64_t{k_bf16}
                : type == WeightType::kInt8 ? padded(k, kRowBytes)
                                            : padded(k, 2 * kRowBytes) / 2;
    rows = place(n * row_bytes);
    if (type == WeightType::kBf16) bf16 = reinterpret_cast<const uint16_t*>(rows);
    if (type == WeightType::kInt8) {
      scales = reinterpret_cast<const float*>(place(int64_t{4} * n));
      if (int64_t{n} * k <= kSmall) {
        bf16 = reinterpret_cast<const uint16_t*>(place(int64_t{2} * n * k_bf16));
      }
    }
    if (is_int4(type)) {
      has_offsets = type == WeightType::kInt4Zeros;
      n_padded = static_cast<int32_t>(padded(n, 8));
      n_groups = static_cast<int32_t>(row_bytes * 2 / kInt4Group);
      group_scales = reinterpret_cast<const uint16_t*>(
          place(int64_t{n_padded} / 8 * n_groups * scale_bytes()));
    }
  }

  // Where the scale of output `row` and a group of inputs is; of the 7 next outputs behind it, if
  // row is a multiple of 8.
  __host__ __device__ const uint16_t* scales_of(int32_t row, int32_t group) const {
    return group_scales + (int64_t{row / 8} * n_groups + group) * (scale_bytes() / 2) + row % 8;
  }
  // So far behind its scale is an offset.
  static constexpr int kToOffset = 8;
  // Of 8 outputs and a group.
  __host__ __device__ int32_t scale_bytes() const { return has_offsets ? 32 : 16; }

  int32_t n, k;
  int32_t k_bf16;  // k in rows of bf16
  WeightType type;
  const std::byte* rows = nullptr;  // weights as they are, row_bytes from row to row
  int64_t row_bytes = 0;
  const float* scales = nullptr;  // [n], int8 only
  const uint16_t* group_scales =
      nullptr;                         // [n_padded / 8][n_groups], scale_bytes() each, int4 only
  int32_t n_padded = 0, n_groups = 0;  // int4 only
  bool has_offsets = false;            // int4 only
  const uint16_t* bf16 = nullptr;      // [n][k_bf16], or null
  int64_t n_bytes = 0;

 private:
  static constexpr int64_t padded(int64_t count, int64_t to) { return (count + to - 1) / to * to; }
};

}  // namespace rondo::kernels::cuda
