#include "kernels/cpu/attention_amx.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/bf16_planes.h"

HWY_PUSH_ATTRIBUTES("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")

namespace rondo::kernels {

AmxProducts::AmxProducts(const AttentionParams& params, const AttentionUnit& unit)
    : dim_(params.head_dim), n_queries_(unit.padded_queries) {
  load_queries(params, unit);
}

// Not in the constructor, which g++ 12 compiles without this file's instruction sets.
void AmxProducts::load_queries(const AttentionParams& params, const AttentionUnit& unit) {
  const __m512 scale = _mm512_set1_ps(params.scale);
  for (int32_t q = 0; q < n_queries_; ++q) {
    // Spare queries repeat the last.
    const float* query = unit.query(params, std::min(q, unit.n_queries() - 1));
    auto& [high, low] = queries_[q / 16];
    for (int32_t i = 0; i < dim_; i += 32) {
      split_to_planes(_mm512_mul_ps(_mm512_loadu_ps(query + i), scale),
                      _mm512_mul_ps(_mm512_loadu_ps(query + i + 16), scale),
                      high[i / 32].rows[q % 16], low[i / 32].rows[q % 16]);
    }
  }
}

// Two pages by 32 queries at a time. An odd last page is multiplied twice; a row of `scores` has
// room for a whole block.
void AmxProducts::scores(const VisiblePage* pages, int32_t n_pages, float* scores) {
  constexpr int64_t kRowBytes = kBlockKeys * sizeof(float);
  for (int32_t page = 0; page < n_pages; page += 2) {
    const uint16_t* keys[2] = {pages[page].keys, pages[std::min(page + 1, n_pages - 1)].keys};
    for (int32_t q = 0; q < n_queries_; q += 32) {
      const auto& upper = queries_[q / 16];
      const auto& lower = queries_[q / 16 + 1];
      tile_loads_read_memory();
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      for (int32_t i = 0; i < dim_; i += 32) {
        _tile_loadd(6, keys[0] + key_index(0, i), kLineBytes);
        _tile_loadd(7, keys[1] + key_index(0, i), kLineBytes);
        for (int32_t plane = 0; plane < kPlanes; ++plane) {
          _tile_loadd(4, upper[plane][i / 32].rows, kLineBytes);
          _tile_loadd(5, lower[plane][i / 32].rows, kLineBytes);
          _tile_dpbf16ps(0, 4, 6);
          _tile_dpbf16ps(1, 4, 7);
          _tile_dpbf16ps(2, 5, 6);
          _tile_dpbf16ps(3, 5, 7);
        }
      }
      float* to = scores + q * kBlockKeys + page * kPageTokens;
      _tile_stored(0, to, kRowBytes);
      _tile_stored(1, to + kPageTokens, kRowBytes);
      _tile_stored(2, to + 16 * kBlockKeys, kRowBytes);
      _tile_stored(3, to + 16 * kBlockKeys + kPageTokens, kRowBytes);
    }
  }
}

void AmxProducts::split_weights(int32_t n_keys, const float* weights) {
  for (int32_t r = 0; r < 16; ++r, weights += kBlockKeys) {
    for (int32_t key = 0; key < n_keys; key += kStepKeys) {
      const bool half = key + kPageTokens == n_keys;
      auto& [high, low] = weights_[key / kStepKeys];
      split_to_planes(_mm512_loadu_ps(weights + key),
                      half ? _mm512_setzero_ps() : _mm512_loadu_ps(weights + key + kPageTokens),
                      high.rows[r], low.rows[r]);
    }
  }
}

template <int kTiles>
void AmxProducts::add_tiles(int32_t i, int32_t n_steps, float* out) {
  static_assert(kTiles == 2 || kTiles == 4, "tiles 0..3 hold the sums");
  const int64_t row_bytes = dim_ * int64_t{sizeof(float)};
  tile_loads_read_memory();
  _tile_loadd(0, out + i, row_bytes);
  _tile_loadd(1, out + i + 16, row_bytes);
  if constexpr (kTiles == 4) {
    _tile_loadd(2, out + i + 32, row_bytes);
    _tile_loadd(3, out + i + 48, row_bytes);
  }
  for (int32_t step = 0; step < n_steps; ++step) {
    // A lane is 4 bytes here as there, so lines of values lie row_bytes apart too.
    const uint16_t* values = values_ + value_index(step * kStepKeys, i, dim_);
    _tile_loadd(4, weights_[step][0].rows, kLineBytes);
    _tile_loadd(5, weights_[step][1].rows, kLineBytes);
    _tile_loadd(6, values, row_bytes);
    _tile_loadd(7, values + 32, row_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(0, 5, 6);
    _tile_dpbf16ps(1, 5, 7);
    if constexpr (kTiles == 4) {
      _tile_loadd(6, values + 64, row_bytes);
      _tile_loadd(7, values + 96, row_bytes);
      _tile_dpbf16ps(2, 4, 6);
      _tile_dpbf16ps(3, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, out + i, row_bytes);
  _tile_stored(1, out + i + 16, row_bytes);
  if constexpr (kTiles == 4) {
    _tile_stored(2, out + i + 32, row_bytes);
    _tile_stored(3, out + i + 48, row_bytes);
  }
}

void AmxProducts::weighted_sums(const VisiblePage* pages, int32_t n_pages, const float* weights,
                                const float* rescale, float* out) {
  const int32_t n_steps = (n_pages + 1) / 2;
  const int32_t page_elements = kPageTokens * dim_;
  for (int32_t p = 0; p < n_pages; ++p) {
    copy_values(pages[p], dim_, dim_, values_ + p * page_elements);
  }
  if (n_pages % 2 != 0) std::fill_n(values_ + n_pages * page_elements, page_elements, uint16_t{0});
  for (int32_t q = 0; q < n_queries_; q += 16, out += 16 * dim_) {
    split_weights(n_pages * kPageTokens, weights + q * kBlockKeys);
    for (int32_t r = 0; r < 16; ++r) {
      if (rescale[q + r] == 1) continue;
      const __m512 factor = _mm512_set1_ps(rescale[q + r]);
      for (float* at = out + r * dim_; at < out + (r + 1) * dim_; at += 16) {
        _mm512_storeu_ps(at, _mm512_mul_ps(_mm512_loadu_ps(at), factor));
      }
    }
    int32_t i = 0;
    for (; i + 64 <= dim_; i += 64) add_tiles<4>(i, n_steps, out);
    if (i < dim_) add_tiles<2>(i, n_steps, out);
  }
}

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
