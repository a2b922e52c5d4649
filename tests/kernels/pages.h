// KV pages as tests see them: element by element, however the table lays them out.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "kernels/bf16.h"
#include "kernels/cpu/kv_pages.h"
#include "tests/kernels/support.h"

namespace rondo::kernels {

struct Shape {
  int32_t n_heads = 10, n_kv_heads = 2, head_dim = 64;
};

// KV pages of one layer (the second of three) in a table's type and layout. A slot nobody wrote
// holds NaN, so that reading it shows.
class Pages {
 public:
  Pages(const Kernels& table, int32_t n_pages, Shape shape)
      : type_(table.kv_type),
        in_pairs_(type_ == KvType::kBf16 && std::string_view(table.name) != "cuda"),
        shape_(shape),
        memory_(n_pages * page_bytes()) {
    std::memset(memory_.data(), 0xff, n_pages * page_bytes());
  }

  KvLayer layer() const {
    return {.data = memory_.data(),
            .page_stride_bytes = page_bytes(),
            .layer_offset_bytes = layer_bytes(),
            .type = type_};
  }

  // Element i of the key, or of the value, of one KV head.
  float get(int32_t page, int32_t offset, int32_t head, int32_t i, bool value) const {
    const std::byte* at = address(page, offset, head, i, value);
    if (type_ == KvType::kBf16) return load_bf16(at, 0);
    float element;
    std::memcpy(&element, at, 4);
    return element;
  }

  // All elements of pages [begin, end), slot by slot.
  std::vector<float> elements(int32_t begin, int32_t end) const {
    std::vector<float> all;
    for (int32_t slot = begin * kPageTokens; slot < end * kPageTokens; ++slot) {
      for (int32_t head = 0; head < shape_.n_kv_heads; ++head) {
        for (int32_t i = 0; i < shape_.head_dim; ++i) {
          for (const bool value : {false, true}) {
            all.push_back(get(slot / kPageTokens, slot % kPageTokens, head, i, value));
          }
        }
      }
    }
    return all;
  }

  // Fills a slot with seeded values that bf16 holds exactly.
  void fill(int32_t page, int32_t offset, Random& random) {
    for (int32_t head = 0; head < shape_.n_kv_heads; ++head) {
      for (int32_t i = 0; i < shape_.head_dim; ++i) {
        for (const bool value : {false, true}) {
          const uint16_t bits = float_to_bf16(random.normal());
          const float element = bf16_to_float(bits);
          std::byte* at = address(page, offset, head, i, value);
          if (type_ == KvType::kBf16) std::memcpy(at, &bits, 2);
          if (type_ == KvType::kF32) std::memcpy(at, &element, 4);
        }
      }
    }
  }

 private:
  int64_t layer_bytes() const {
    return 2 * int64_t{shape_.n_kv_heads} * kPageTokens * shape_.head_dim * kv_type_bytes(type_);
  }
  int64_t page_bytes() const { return 3 * layer_bytes(); }

  std::byte* address(int32_t page, int32_t offset, int32_t head, int32_t i, bool value) const {
    const int64_t head_elements = int64_t{kPageTokens} * shape_.head_dim;
    const int64_t in_head = !in_pairs_ ? int64_t{offset} * shape_.head_dim + i
                            : value    ? value_index(offset, i, shape_.head_dim)
                                       : key_index(offset, i);
    return memory_.data() + page * page_bytes() + layer_bytes() +
           ((value ? shape_.n_kv_heads + head : head) * head_elements + in_head) *
               kv_type_bytes(type_);
  }

  KvType type_;
  bool in_pairs_;  // the layout of the CPU tables (kv_pages.h), or [Hk][kPageTokens][D]
  Shape shape_;
  AlignedBytes memory_;
};

}  // namespace rondo::kernels
