#include "kernels/cpu/attention_amx.h"

#include <algorithm>
#include <cstring>

HWY_PUSH_ATTRIBUTES("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")

namespace rondo::kernels {
namespace {

struct Larger {
  static __m512 of(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
};
struct Sum {
  static __m512 of(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
};

// Blocks 0 and 2 of both with blocks 1 and 3.
template <class Operation>
inline __m512 fold_blocks(__m512 a, __m512 b) {
  return Operation::of(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

// Lane r: all lanes of rows[r] in one. Transposes as it goes: pairs of lanes, of pairs, of blocks.
template <class Operation>
inline __m512 reduce_rows(const __m512 (&rows)[16]) {
  __m512 fours[4];  // lane 4b + i of fours[k]: of row 4k + i, its lanes in block b
  for (int k = 0; k < 4; ++k) {
    const __m512* row = rows + 4 * k;
    const __m512 front =
        Operation::of(_mm512_unpacklo_ps(row[0], row[1]), _mm512_unpackhi_ps(row[0], row[1]));
    const __m512 back =
        Operation::of(_mm512_unpacklo_ps(row[2], row[3]), _mm512_unpackhi_ps(row[2], row[3]));
    const __m512d a = _mm512_castps_pd(front), b = _mm512_castps_pd(back);
    fours[k] = Operation::of(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                             _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
  }
  return fold_blocks<Operation>(fold_blocks<Operation>(fours[0], fours[1]),
                                fold_blocks<Operation>(fours[2], fours[3]));
}

// 2^x for x <= 0, to 7e-6, and exactly 1 for 0: (2^r - 1) / r is the polynomial that goes through
// it at the Chebyshev nodes.
inline __m512 exp2_of_negative(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT);
  const __m512 r = _mm512_sub_ps(x, n);
  __m512 power = _mm512_set1_ps(0.0096567103f);
  power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(0.0558382829f));
  power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(0.2402253010f));
  power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(0.6931367339f));
  power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(power, n);
}

inline __m512 weights_of(const float* scores, __m512 largest) {
  return exp2_of_negative(_mm512_sub_ps(_mm512_loadu_ps(scores), largest));
}

// 32 floats as bf16, in order: `first`, then `second`.
inline void store_rounded(__m512 first, __m512 second, uint16_t* to) {
  _mm512_store_si512(to, (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

}  // namespace

AmxProducts::AmxProducts(const AttentionParams& params, const AttentionUnit& unit)
    : dim_(params.head_dim), n_queries_(unit.padded_queries) {
  load_queries(params, unit);
}

// Not in the constructor, which g++ 12 compiles without this file's instruction sets.
void AmxProducts::load_queries(const AttentionParams& params, const AttentionUnit& unit) {
  constexpr float kLog2E = 1.44269504f;
  const __m512 scale = _mm512_set1_ps(params.scale * kLog2E);
  for (int32_t q = 0; q < n_queries_; ++q) {
    // Spare queries repeat the last.
    const float* query = unit.query(params, std::min(q, unit.n_queries() - 1));
    for (int32_t i = 0; i < dim_; i += 32) {
      store_rounded(_mm512_mul_ps(_mm512_loadu_ps(query + i), scale),
                    _mm512_mul_ps(_mm512_loadu_ps(query + i + 16), scale),
                    queries_[q / 16][i / 32].rows[q % 16]);
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
        _tile_loadd(4, upper[i / 32].rows, kLineBytes);
        _tile_loadd(5, lower[i / 32].rows, kLineBytes);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      float* to = scores + q * kBlockKeys + page * kPageTokens;
      _tile_stored(0, to, kRowBytes);
      _tile_stored(1, to + kPageTokens, kRowBytes);
      _tile_stored(2, to + 16 * kBlockKeys, kRowBytes);
      _tile_stored(3, to + 16 * kBlockKeys + kPageTokens, kRowBytes);
    }
  }
}

void AmxProducts::weigh(int32_t q, int32_t n_keys, const float* scores, const Partial& result) {
  __m512 rows[16];
  scores += q * kBlockKeys;
  for (int32_t r = 0; r < 16; ++r) {
    const float* row = scores + r * kBlockKeys;
    rows[r] = _mm512_loadu_ps(row);
    for (int32_t key = 16; key < n_keys; key += 16) {
      rows[r] = _mm512_max_ps(rows[r], _mm512_loadu_ps(row + key));
    }
  }
  float* max = result.max + q;
  const __m512 before = _mm512_loadu_ps(max);
  const __m512 now = _mm512_max_ps(before, reduce_rows<Larger>(rows));
  _mm512_storeu_ps(max, now);
  for (int32_t r = 0; r < 16; ++r) {
    const float* row = scores + r * kBlockKeys;
    const __m512 largest = _mm512_set1_ps(max[r]);
    rows[r] = _mm512_setzero_ps();
    for (int32_t key = 0; key < n_keys; key += kStepKeys) {
      const bool half = key + kPageTokens == n_keys;
      const __m512 first = weights_of(row + key, largest);
      const __m512 second =
          half ? _mm512_setzero_ps() : weights_of(row + key + kPageTokens, largest);
      rows[r] = _mm512_add_ps(_mm512_add_ps(rows[r], first), second);
      store_rounded(first, second, weights_[q / 16 % 2][key / kStepKeys].rows[r]);
    }
  }
  const __m512 factor = exp2_of_negative(_mm512_sub_ps(before, now));
  float* sum = result.sum + q;
  _mm512_storeu_ps(sum, _mm512_fmadd_ps(_mm512_loadu_ps(sum), factor, reduce_rows<Sum>(rows)));
  if (_mm512_cmpneq_ps_mask(before, now) != 0) rescale(factor, result.out + q * dim_);
}

void AmxProducts::rescale(__m512 factor, float* out) const {
  alignas(64) float factors[16];
  _mm512_store_ps(factors, factor);
  for (int32_t r = 0; r < 16; ++r) {
    for (float* at = out + r * dim_; at < out + (r + 1) * dim_; at += 16) {
      _mm512_storeu_ps(at, _mm512_mul_ps(_mm512_loadu_ps(at), _mm512_set1_ps(factors[r])));
    }
  }
}

template <int kTiles>
void AmxProducts::add_tiles(int32_t i, int32_t n_steps, const RowTile* weights, float* out) {
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
    _tile_loadd(4, weights[step].rows, kLineBytes);
    _tile_loadd(6, values, row_bytes);
    _tile_loadd(7, values + 32, row_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTiles == 4) {
      _tile_loadd(6, values + 64, row_bytes);
      _tile_loadd(7, values + 96, row_bytes);
      _tile_dpbf16ps(2, 4, 6);
      _tile_dpbf16ps(3, 4, 7);
    }
  }
  _tile_stored(0, out + i, row_bytes);
  _tile_stored(1, out + i + 16, row_bytes);
  if constexpr (kTiles == 4) {
    _tile_stored(2, out + i + 32, row_bytes);
    _tile_stored(3, out + i + 48, row_bytes);
  }
}

void AmxProducts::add(const VisiblePage* pages, int32_t n_pages, const float* scores,
                      const Partial& result) {
  const int32_t n_steps = (n_pages + 1) / 2;
  const int32_t page_elements = kPageTokens * dim_;
  for (int32_t p = 0; p < n_pages; ++p) {
    copy_values(pages[p], dim_, dim_, values_ + p * page_elements);
  }
  if (n_pages % 2 != 0) std::fill_n(values_ + n_pages * page_elements, page_elements, uint16_t{0});
  // A tile is loaded once what was stored there has arrived: the weights of the next queries are
  // worked out meanwhile.
  weigh(0, n_pages * kPageTokens, scores, result);
  for (int32_t q = 0; q < n_queries_; q += 16) {
    if (q + 16 < n_queries_) weigh(q + 16, n_pages * kPageTokens, scores, result);
    const RowTile* weights = weights_[q / 16 % 2];
    float* out = result.out + q * dim_;
    int32_t i = 0;
    for (; i + 64 <= dim_; i += 64) add_tiles<4>(i, n_steps, weights, out);
    if (i < dim_) add_tiles<2>(i, n_steps, weights, out);
  }
}

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
