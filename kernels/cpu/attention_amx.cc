#include "kernels/cpu/attention_amx.h"

#include <hwy/base.h>
#include <immintrin.h>

#include <algorithm>

HWY_PUSH_ATTRIBUTES("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-bf16")

namespace rondo::kernels {
namespace {

// The nearest number whose low 16 bits are zero.
__m512i round_to_bf16(__m512 value) {
  const __m512i bits = _mm512_add_epi32(_mm512_castps_si512(value), _mm512_set1_epi32(0x8000));
  return _mm512_and_si512(bits, _mm512_set1_epi32(static_cast<int>(0xffff0000)));
}

// bf16 pairs of lanes: the first of a pair is the low half of a lane.
__m512i pair(__m512i first, __m512i second) {
  return _mm512_or_si512(_mm512_srli_epi32(first, 16), second);
}

// The high and the low bf16 of 16 lanes of two rows, as pairs.
void split(const float* first, const float* second, uint32_t* high, uint32_t* low) {
  const __m512 a = _mm512_loadu_ps(first), b = _mm512_loadu_ps(second);
  const __m512i a_high = round_to_bf16(a), b_high = round_to_bf16(b);
  const __m512i a_low = round_to_bf16(_mm512_sub_ps(a, _mm512_castsi512_ps(a_high)));
  const __m512i b_low = round_to_bf16(_mm512_sub_ps(b, _mm512_castsi512_ps(b_high)));
  _mm512_store_si512(high, pair(a_high, b_high));
  _mm512_store_si512(low, pair(a_low, b_low));
}

// rows[i] lane j becomes rows[j] lane i.
void transpose(__m512i (&rows)[16]) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // rows[4 g + c] holds lanes c, c + 4, c + 8, c + 12 of rows 4 g .. 4 g + 3.
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512i even_low = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0x88);
    const __m512i odd_low = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0xdd);
    const __m512i even_high = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0x88);
    const __m512i odd_high = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0xdd);
    t[c] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
    t[c + 4] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
    t[c + 8] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
    t[c + 12] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) rows[i] = t[i];
}

}  // namespace

AmxProducts::AmxProducts(const AttentionUnit& unit, int32_t head_dim, const float* queries)
    : dim_(head_dim), n_lanes_(unit.padded_lanes) {
  for (int32_t lane = 0; lane < n_lanes_; lane += 16) {
    auto& tiles = queries_[lane / 16];
    for (int32_t i = 0; i < dim_; i += 2) {
      const float* first = queries + i * n_lanes_ + lane;
      split(first, first + n_lanes_, tiles[0][i / 32].pairs[i % 32 / 2],
            tiles[1][i / 32].pairs[i % 32 / 2]);
    }
  }
}

void AmxProducts::scores(int32_t n_keys, float* scores) {
  const int32_t n_pages = n_keys / kPageTokens;
  const int64_t stride_bytes = n_lanes_ * int64_t{sizeof(float)};
  const int64_t key_bytes = dim_ * int64_t{sizeof(uint16_t)};
  for (int32_t page = 0; page < n_pages; page += 2) {
    // An odd last page is multiplied twice; `scores` has room for a whole block.
    const uint16_t* keys[2] = {pages_[page].keys, pages_[std::min(page + 1, n_pages - 1)].keys};
    for (int32_t lane = 0; lane < n_lanes_; lane += kLaneMultiple) {
      const auto& left = queries_[lane / 16];
      const auto& right = queries_[lane / 16 + 1];
      tile_loads_read_memory();
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      for (int32_t i = 0; i < dim_ / 32; ++i) {
        _tile_loadd(4, keys[0] + i * 32, key_bytes);
        _tile_loadd(5, keys[1] + i * 32, key_bytes);
        for (int32_t plane = 0; plane < kPlanes; ++plane) {
          _tile_loadd(6, left[plane][i].pairs, kLineBytes);
          _tile_loadd(7, right[plane][i].pairs, kLineBytes);
          _tile_dpbf16ps(0, 4, 6);
          _tile_dpbf16ps(1, 4, 7);
          _tile_dpbf16ps(2, 5, 6);
          _tile_dpbf16ps(3, 5, 7);
        }
      }
      float* to = scores + page * kPageTokens * n_lanes_ + lane;
      _tile_stored(0, to, stride_bytes);
      _tile_stored(1, to + 16, stride_bytes);
      _tile_stored(2, to + kPageTokens * n_lanes_, stride_bytes);
      _tile_stored(3, to + kPageTokens * n_lanes_ + 16, stride_bytes);
    }
  }
}

// Slots that nobody sees become zero: their weights are, and zero times NaN is not.
void AmxProducts::transpose_values(int32_t n_pages) {
  for (int32_t step = 0; step * 2 < n_pages; ++step) {
    for (int32_t tile = 0; tile < dim_ / 16; ++tile) {
      __m512i rows[16];  // a row is a pair of keys, a lane an element
      for (auto& row : rows) row = _mm512_setzero_si512();
      for (int32_t p = 0; p < 2 && step * 2 + p < n_pages; ++p) {
        const VisiblePage& page = pages_[step * 2 + p];
        for (int32_t s = page.first; s < page.end; ++s) {
          const uint16_t* from = page.values + s * dim_ + tile * 16;
          const __m512i value =
              _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
          __m512i& row = rows[p * 8 + s / 2];
          row = _mm512_or_si512(row, s % 2 == 0 ? value : _mm512_slli_epi32(value, 16));
        }
      }
      transpose(rows);
      for (int i = 0; i < 16; ++i) _mm512_store_si512(values_[step][tile].pairs[i], rows[i]);
    }
  }
}

// The weights of 16 lanes.
void AmxProducts::split_weights(int32_t n_keys, const float* weights) {
  alignas(64) static constexpr float kZeros[16] = {};
  for (int32_t key = 0; key % kStepKeys != 0 || key < n_keys; key += 2, weights += 2 * n_lanes_) {
    auto& [high, low] = weights_[key / kStepKeys];
    const int32_t row = key % kStepKeys / 2;
    const bool exists = key < n_keys;
    split(exists ? weights : kZeros, exists ? weights + n_lanes_ : kZeros, high.pairs[row],
          low.pairs[row]);
  }
}

template <int kTiles>
void AmxProducts::add_tiles(int32_t first, int32_t n_steps, float* out) {
  static_assert(kTiles == 2 || kTiles == 4, "tiles 0..3 hold the sums");
  const int64_t stride_bytes = n_lanes_ * int64_t{sizeof(float)};
  const int64_t tile_floats = 16 * int64_t{n_lanes_};
  tile_loads_read_memory();
  _tile_loadd(0, out, stride_bytes);
  _tile_loadd(1, out + tile_floats, stride_bytes);
  if constexpr (kTiles == 4) {
    _tile_loadd(2, out + 2 * tile_floats, stride_bytes);
    _tile_loadd(3, out + 3 * tile_floats, stride_bytes);
  }
  for (int32_t step = 0; step < n_steps; ++step) {
    const PairTile* values = &values_[step][first];
    _tile_loadd(6, weights_[step][0].pairs, kLineBytes);
    _tile_loadd(7, weights_[step][1].pairs, kLineBytes);
    _tile_loadd(4, values[0].pairs, kLineBytes);
    _tile_loadd(5, values[1].pairs, kLineBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 5, 6);
    _tile_dpbf16ps(0, 4, 7);
    _tile_dpbf16ps(1, 5, 7);
    if constexpr (kTiles == 4) {
      _tile_loadd(4, values[2].pairs, kLineBytes);
      _tile_loadd(5, values[3].pairs, kLineBytes);
      _tile_dpbf16ps(2, 4, 6);
      _tile_dpbf16ps(3, 5, 6);
      _tile_dpbf16ps(2, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, out, stride_bytes);
  _tile_stored(1, out + tile_floats, stride_bytes);
  if constexpr (kTiles == 4) {
    _tile_stored(2, out + 2 * tile_floats, stride_bytes);
    _tile_stored(3, out + 3 * tile_floats, stride_bytes);
  }
}

void AmxProducts::weighted_sums(int32_t n_keys, const float* weights, const float* rescale,
                                float* out) {
  const int32_t n_steps = (n_keys + kStepKeys - 1) / kStepKeys;
  transpose_values(n_keys / kPageTokens);
  for (int32_t lane = 0; lane < n_lanes_; lane += 16) {
    split_weights(n_keys, weights + lane);
    const __m512 factor = _mm512_loadu_ps(rescale + lane);
    if (_mm512_cmp_ps_mask(factor, _mm512_set1_ps(1), _CMP_NEQ_UQ) != 0) {
      for (int32_t i = 0; i < dim_; ++i) {
        float* element = out + i * n_lanes_ + lane;
        _mm512_storeu_ps(element, _mm512_mul_ps(_mm512_loadu_ps(element), factor));
      }
    }
    int32_t tile = 0;
    for (; tile + 4 <= dim_ / 16; tile += 4) {
      add_tiles<4>(tile, n_steps, out + tile * 16 * n_lanes_ + lane);
    }
    if (tile < dim_ / 16) add_tiles<2>(tile, n_steps, out + tile * 16 * n_lanes_ + lane);
  }
}

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
