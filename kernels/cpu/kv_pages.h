// How the CPU tables lay out the KV pages, bf16, so that neither product of attention transposes or
// adds up lanes:
//
//   keys of a head    [D/2 pairs of elements][16 tokens][2]   64 bytes: a pair, a token a lane
//   values of a head  [8 pairs of tokens][D][2]               a pair of tokens, an element a lane
//
//   a layer of a page: keys of head 0 .. Hk - 1, values of head 0 .. Hk - 1
//
// A lane is 32 bits: two bf16, as dot product instructions and AMX tiles multiply them, and one
// shift or mask away from float. A whole page of keys is thus a B operand of a tile multiplication.
// Tokens that nobody stored may hold anything, NaN too.
//
// Thread: pure functions. Ownership: views only.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace rondo::kernels {

// Where element `i` of token `token` of a page lies in its head.
inline int64_t key_index(int32_t token, int32_t i) {
  return (int64_t{i / 2} * kPageTokens + token) * 2 + i % 2;
}
inline int64_t value_index(int32_t token, int32_t i, int32_t head_dim) {
  return (int64_t{token / 2} * head_dim + i) * 2 + token % 2;
}

// The keys of head 0 of a page; heads are kPageTokens * head_dim elements each.
inline uint16_t* page_elements(const KvLayer& kv, int64_t page) {
  return reinterpret_cast<uint16_t*>(kv.data + page * kv.page_stride_bytes + kv.layer_offset_bytes);
}

// A page as the queries of one KV head see it.
struct VisiblePage {
  const uint16_t* keys = nullptr;
  const uint16_t* values = nullptr;
  // Tokens that some query sees: [first, end).
  int32_t first = 0;
  int32_t end = 0;

  bool full() const { return first == 0 && end == kPageTokens; }
};

// Copies a page's values to `to`, [8][dim][2], with zeros for tokens that nobody sees (their weight
// is zero, and zero times NaN is not) and for elements from head_dim on.
void copy_values(const VisiblePage& page, int32_t head_dim, int32_t dim, uint16_t* to);

// The launcher of all CPU tables.
int copy_token(const CopyTokenParams& params, Stream stream);

}  // namespace rondo::kernels
