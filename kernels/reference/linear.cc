#include <algorithm>
#include <cstring>

#include "kernels/bf16.h"
#include "kernels/launch.h"
#include "kernels/reference/reference.h"

namespace rondo::kernels::reference {
namespace {

constexpr int32_t kTile = 256;  // weights dequantised at a time, so that all rows share the work
constexpr int32_t kLanes = 16;  // partial sums: lets the compiler use vector registers

int64_t row_bytes(WeightType type, int64_t k) {
  if (is_int4(type)) return (k + 7) / 8 * 4;
  return k * (type == WeightType::kInt8 ? 1 : 2);
}

int64_t n_scales(WeightType type, int64_t n, int64_t k) {
  if (is_int4(type)) return n * ((k + kInt4Group - 1) / kInt4Group);
  return type == WeightType::kInt8 ? n : 0;
}

// Packed matrices are rows, then scales, then zero points.
RowMajorMatrix row_major(const PackedMatrix& packed) {
  RowMajorMatrix matrix{.data = packed.data, .n = packed.n, .k = packed.k, .type = packed.type};
  if (packed.type == WeightType::kBf16) return matrix;
  const auto* scales =
      static_cast<const uint8_t*>(packed.data) + packed.n * row_bytes(packed.type, packed.k);
  matrix.scales = reinterpret_cast<const uint16_t*>(scales);
  if (packed.type == WeightType::kInt4Zeros)
    matrix.zeros = scales + 2 * n_scales(packed.type, packed.n, packed.k);
  return matrix;
}

float dot(const float* a, const float* b, int32_t n) {
  float sums[kLanes] = {};
  int32_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int32_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (; i < n; ++i) sum += a[i] * b[i];
  for (const float lane_sum : sums) sum += lane_sum;
  return sum;
}

}  // namespace

int64_t packed_bytes(WeightType type, int32_t n, int32_t k) {
  const int64_t scale_bytes = type == WeightType::kInt4Zeros ? 3 : 2;
  const int64_t bytes = n * row_bytes(type, k) + scale_bytes * n_scales(type, n, k);
  return (bytes + 63) / 64 * 64;
}

int pack(const RowMajorMatrix& matrix, void* out, Stream) {
  if (!valid(matrix) || out == nullptr) return kBadArguments;
  const int64_t bytes = matrix.n * row_bytes(matrix.type, matrix.k);
  std::memcpy(out, matrix.data, bytes);
  auto* to = static_cast<std::byte*>(out) + bytes;
  const int64_t n = n_scales(matrix.type, matrix.n, matrix.k);
  if (matrix.scales != nullptr) std::memcpy(to, matrix.scales, 2 * n);
  if (matrix.zeros != nullptr) std::memcpy(to + 2 * n, matrix.zeros, n);
  return kOk;
}

void dequantize(const RowMajorMatrix& matrix, int64_t row, int32_t k_begin, int32_t k_end,
                float* out) {
  if (matrix.type == WeightType::kInt8) {
    const auto* weights = static_cast<const int8_t*>(matrix.data) + row * matrix.k;
    const float scale = load_bf16(matrix.scales, row);
    for (int32_t k = k_begin; k < k_end; ++k) *out++ = static_cast<float>(weights[k]) * scale;
  } else if (is_int4(matrix.type)) {
    const auto* nibbles =
        static_cast<const uint8_t*>(matrix.data) + row * row_bytes(matrix.type, matrix.k);
    const int64_t first_scale = n_scales(matrix.type, row, matrix.k);
    for (int32_t k = k_begin; k < k_end; ++k) {
      const int64_t group = first_scale + k / kInt4Group;
      const int32_t zero = matrix.zeros != nullptr ? matrix.zeros[group] : 8;
      const int32_t weight = (nibbles[k / 2] >> (k % 2 * 4) & 15) - zero;
      *out++ = static_cast<float>(weight) * load_bf16(matrix.scales, group);
    }
  } else {
    for (int32_t k = k_begin; k < k_end; ++k) *out++ = load_bf16(matrix.data, row * matrix.k + k);
  }
}

int linear(const LinearParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  const RowMajorMatrix weight = row_major(p.weight);
  parallel_for(stream, weight.n, 16, [&](int64_t begin, int64_t end) {
    float w[kTile];
    for (int64_t n = begin; n < end; ++n) {
      for (int32_t k = 0; k < weight.k; k += kTile) {
        const int32_t k_end = std::min(k + kTile, weight.k);
        dequantize(weight, n, k, k_end, w);
        const bool add = p.accumulate || k > 0;
        for (int32_t t = 0; t < p.n_rows; ++t) {
          const float sum = dot(p.x + t * p.x_stride + k, w, k_end - k);
          float& out = p.out[t * p.out_stride + n];
          out = add ? out + sum : sum;
        }
      }
    }
  });
  return kOk;
}

}  // namespace rondo::kernels::reference
