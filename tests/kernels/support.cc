#include "tests/kernels/support.h"

#include <cstring>
#include <new>
#include <string_view>

#include "kernels/bf16.h"

namespace rondo::kernels {

LinearError linear_error(const Kernels& table, WeightType type, int32_t n_rows) {
  LinearError error{.relative = 0x1p-20};  // float32 sums of up to some thousand products
  if (&table == &reference_kernels()) return error;
  if (std::string_view(table.name) == "cuda") {
    // Tensor core products: activations are rounded to bf16, and with many rows quantised weights
    // too. With few rows and quantised weights they are integers of 15 bits, in steps of the row's.
    const bool is_quantised = type != WeightType::kBf16;
    if (is_quantised && n_rows <= table.few_rows) {
      error.of_largest = 0.51 / 16319;
    } else {
      error.relative = is_quantised ? 0x1.01p-7 : 0x1.01p-8;
    }
    return error;
  }
  if (type != WeightType::kBf16) error.of_largest = 0.5 / 32767;  // 16 bits, a step a row
  const bool two_planes = std::string_view(table.name) == "amx" && n_rows > table.few_rows;
  if (type == WeightType::kBf16 && two_planes) error.relative = 0x1p-16;  // 8 bits, then 8 more
  return error;
}

std::vector<float> Random::normals(int64_t n) {
  std::vector<float> values(n);
  for (float& value : values) value = normal();
  return values;
}

AlignedBytes::AlignedBytes(int64_t n_bytes)
    : data_(static_cast<std::byte*>(::operator new[](n_bytes, std::align_val_t(64)))) {}

void AlignedBytes::Free::operator()(std::byte* data) const {
  ::operator delete[](data, std::align_val_t(64));
}

TestMatrix::TestMatrix(WeightType type, int32_t n, int32_t k, uint32_t seed)
    : matrix{.n = n, .k = k, .type = type}, values(int64_t{n} * k) {
  Random random(seed);
  const int64_t row_bytes = is_int4(type)               ? (k + 7) / 8 * 4
                            : type == WeightType::kInt8 ? k
                                                        : int64_t{2} * k;
  const int64_t group = is_int4(type) ? kInt4Group : k;  // inputs that share a scale
  const int64_t n_groups = (k + group - 1) / group;
  data_.resize(1 + n * row_bytes);  // the first byte makes the rest misaligned
  matrix.data = data_.data() + 1;
  if (type != WeightType::kBf16) {
    scales_.resize(1 + 2 * n * n_groups);
    matrix.scales = reinterpret_cast<const uint16_t*>(scales_.data() + 1);
  }
  if (type == WeightType::kInt4Zeros) {
    for (int64_t i = 0; i < n * n_groups; ++i)
      zeros_.push_back(static_cast<uint8_t>(random.below(17)));
    matrix.zeros = zeros_.data();
  }
  for (int64_t row = 0; row < n; ++row) {
    std::byte* weights = data_.data() + 1 + row * row_bytes;
    uint16_t scale = 0;
    for (int64_t i = 0; i < k; ++i) {
      double& value = values[row * k + i];
      if (type == WeightType::kBf16) {
        const uint16_t weight = float_to_bf16(random.normal());
        std::memcpy(weights + 2 * i, &weight, 2);
        value = bf16_to_float(weight);
        continue;
      }
      if (i % group == 0) {
        scale = float_to_bf16(0.01f + 0.001f * static_cast<float>(random.below(10)));
        std::memcpy(scales_.data() + 1 + 2 * (row * n_groups + i / group), &scale, 2);
      }
      int32_t weight = random.below(type == WeightType::kInt8 ? 256 : 16);
      if (type == WeightType::kInt8) {
        weight -= 128;
        weights[i] = static_cast<std::byte>(weight);
      } else {
        weights[i / 2] |= static_cast<std::byte>(weight << (i % 2 * 4));
        weight -= zeros_.empty() ? 8 : zeros_[row * n_groups + i / group];
      }
      value = static_cast<double>(weight) * bf16_to_float(scale);
    }
  }
}

PackedMatrix TestMatrix::packed(const Kernels& table, Stream stream) {
  packed_ = std::make_unique<AlignedBytes>(table.packed_bytes(matrix.type, matrix.n, matrix.k));
  table.pack(matrix, packed_->data(), stream);
  return {.data = packed_->data(), .n = matrix.n, .k = matrix.k, .type = matrix.type};
}

}  // namespace rondo::kernels
