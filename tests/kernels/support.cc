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
    // Many rows are tensor core products: activations are rounded to bf16, int8 weights too.
    if (n_rows > 16) error.relative = type == WeightType::kInt8 ? 0x1.01p-7 : 0x1.01p-8;
    return error;
  }
  if (type == WeightType::kInt8) error.of_largest = 0.5 / 32767;  // 16 bits, a step a row
  const bool two_planes = std::string_view(table.name) == "amx" && n_rows > 16;
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
  const int64_t weight_bytes = type == WeightType::kInt8 ? 1 : 2;
  data_.resize(1 + int64_t{n} * k * weight_bytes);  // the first byte makes the rest misaligned
  matrix.data = data_.data() + 1;
  if (type == WeightType::kInt8) {
    scales_.resize(1 + 2 * int64_t{n});
    matrix.scales = reinterpret_cast<const uint16_t*>(scales_.data() + 1);
  }
  for (int64_t row = 0; row < n; ++row) {
    const uint16_t scale = float_to_bf16(0.01f + 0.001f * static_cast<float>(random.below(10)));
    if (type == WeightType::kInt8) std::memcpy(scales_.data() + 1 + 2 * row, &scale, 2);
    for (int64_t i = row * k; i < (row + 1) * k; ++i) {
      if (type == WeightType::kInt8) {
        const auto weight = static_cast<int8_t>(random.below(256) - 128);
        std::memcpy(data_.data() + 1 + i, &weight, 1);
        values[i] = static_cast<double>(weight) * bf16_to_float(scale);
      } else {
        const uint16_t weight = float_to_bf16(random.normal());
        std::memcpy(data_.data() + 1 + 2 * i, &weight, 2);
        values[i] = bf16_to_float(weight);
      }
    }
  }
}

PackedMatrix TestMatrix::packed(const Kernels& table, Stream stream) {
  packed_ = std::make_unique<AlignedBytes>(table.packed_bytes(matrix.type, matrix.n, matrix.k));
  table.pack(matrix, packed_->data(), stream);
  return {.data = packed_->data(), .n = matrix.n, .k = matrix.k, .type = matrix.type};
}

}  // namespace rondo::kernels
