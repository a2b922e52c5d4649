#include "kernels/cpu/kv_pages.h"

#include <algorithm>
#include <cstring>

#include "kernels/launch.h"

namespace rondo::kernels {

void copy_values(const VisiblePage& page, int32_t head_dim, int32_t dim, uint16_t* to) {
  const uint16_t* from = page.values;
  for (int32_t token = 0; token < kPageTokens; token += 2, from += 2 * head_dim, to += 2 * dim) {
    const bool even = page.first <= token && token < page.end;
    const bool odd = page.first <= token + 1 && token + 1 < page.end;
    if (even && odd) {
      std::memcpy(to, from, head_dim * 2 * sizeof(uint16_t));
      std::fill(to + 2 * head_dim, to + 2 * dim, uint16_t{0});
    } else {
      std::fill_n(to, 2 * dim, uint16_t{0});
      if (!even && !odd) continue;
      for (int32_t i = odd; i < 2 * head_dim; i += 2) to[i] = from[i];
    }
  }
}

int copy_token(const CopyTokenParams& p, Stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16) return kBadArguments;
  const uint16_t* from = page_elements(p.kv, p.from_slot / kPageTokens);
  uint16_t* to = page_elements(p.kv, p.to_slot / kPageTokens);
  const int32_t from_token = p.from_slot % kPageTokens, to_token = p.to_slot % kPageTokens;
  const int64_t head_elements = int64_t{kPageTokens} * p.head_dim;
  const int64_t to_values = p.n_kv_heads * head_elements;
  for (int32_t h = 0; h < p.n_kv_heads; ++h, from += head_elements, to += head_elements) {
    for (int32_t i = 0; i < p.head_dim; ++i) {
      to[key_index(to_token, i)] = from[key_index(from_token, i)];
      to[to_values + value_index(to_token, i, p.head_dim)] =
          from[to_values + value_index(from_token, i, p.head_dim)];
    }
  }
  return kOk;
}

}  // namespace rondo::kernels
