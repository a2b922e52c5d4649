// The numbers of a checkpoint's floating-point tensors: BF16, F16 and F32, read one by one, as
// float (exact).
//
// Thread: pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "engine/safetensors.h"
#include "kernels/bf16.h"

namespace rondo::engine {

inline bool is_float(DType dtype) {
  return dtype == DType::kBf16 || dtype == DType::kF16 || dtype == DType::kF32;
}

inline int64_t n_elements(const Tensor& tensor) {
  return std::ssize(tensor.bytes) / dtype_bytes(tensor.dtype);
}

inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 31;
  const uint32_t fraction = half & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

// Number `index` of `tensor`. REQUIRES: is_float(tensor.dtype), 0 <= index < n_elements(tensor).
inline float load_float(const Tensor& tensor, int64_t index) {
  const std::byte* bytes = tensor.bytes.data();
  if (tensor.dtype == DType::kBf16) return kernels::load_bf16(bytes, index);
  if (tensor.dtype == DType::kF16) {
    uint16_t half;
    std::memcpy(&half, bytes + index * 2, sizeof half);
    return half_to_float(half);
  }
  float value;
  std::memcpy(&value, bytes + index * 4, sizeof value);
  return value;
}

}  // namespace rondo::engine
