// linear for AMX: 16 rows by two panels a step, in four tiles of sums.
//
// int8: activations are the two byte planes of linear_avxvnni.cc and weights the panels as they
// are, so sums are the same exact integers: two tdpbusd for 16 x 16 x 64. Expanding weights to bf16
// tiles would cost as many multiplications (tdpbf16ps does half the inputs), the expansion, and
// half of the activations' bits. Up to kAmxRows rows vpdpbusd takes over, with equal bits: a tile
// would be mostly empty.
//
// bf16: activations are two planes of bf16 (16 bits together), sums are float. Its order of
// additions is not that of linear_avx512.cc, which the family of few rows uses.

#include <hwy/base.h>
#include <immintrin.h>

#include <algorithm>

#include "kernels/cpu/amx_tiles.h"
#include "kernels/cpu/linear_tables.h"

HWY_PUSH_ATTRIBUTES("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-int8,amx-bf16")

namespace rondo::kernels {
namespace {

constexpr int32_t kAmxRows = 4;

// What the four tiles of sums hold in the end: by panel, plane of activations, row, output.
struct Sums {
  alignas(64) int32_t values[2][2][kTileRows][kPanelOutputs];
};

// 16 rows from x on with the lines of one or two panels.
template <WeightType kType, int kPanels>
void multiply(const Panels& panels, int32_t panel, const std::byte* x, int64_t x_row_bytes,
              Sums& sums) {
  const int64_t plane_bytes = panels.padded_k * (kType == WeightType::kInt8 ? 1 : 2);
  const std::byte* lines = panels.lines(panel);
  tile_loads_read_memory();
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int32_t tile = 0; tile < panels.n_lines / kTileLines; ++tile) {
    _tile_loadd(4, x + tile * kLineBytes, x_row_bytes);
    _tile_loadd(5, x + tile * kLineBytes + plane_bytes, x_row_bytes);
    _tile_loadd(6, lines + tile * kTileBytes, kLineBytes);
    if constexpr (kPanels == 2) {
      _tile_loadd(7, lines + panels.panel_bytes + tile * kTileBytes, kLineBytes);
    }
    if constexpr (kType == WeightType::kInt8) {
      _tile_dpbusd(0, 4, 6);
      _tile_dpbusd(1, 5, 6);
      if constexpr (kPanels == 2) {
        _tile_dpbusd(2, 4, 7);
        _tile_dpbusd(3, 5, 7);
      }
    } else {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 5, 6);
      if constexpr (kPanels == 2) {
        _tile_dpbf16ps(2, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  _tile_stored(0, sums.values[0][0], kLineBytes);
  _tile_stored(1, sums.values[0][1], kLineBytes);
  if constexpr (kPanels == 2) {
    _tile_stored(2, sums.values[1][0], kLineBytes);
    _tile_stored(3, sums.values[1][1], kLineBytes);
  }
}

// out[n..n+16) = value, or += ; only the outputs that exist.
void store16(const LinearTask& task, int64_t row, int32_t n, __m512 value) {
  float* out = task.out + row * task.out_stride + n;
  const int32_t n_outputs = task.n - n;
  const auto exists =
      static_cast<__mmask16>(n_outputs >= kPanelOutputs ? 0xffff : (1 << n_outputs) - 1);
  if (task.accumulate) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(exists, out));
  _mm512_mask_storeu_ps(out, exists, value);
}

void store_int8(const LinearTask& task, int32_t panel, int32_t row, int32_t n_rows,
                const int32_t (*sums)[kTileRows][kPanelOutputs]) {
  const PanelHeader& header = task.panels.header(panel);
  const __m512i offset = _mm512_slli_epi32(_mm512_load_si512(header.sums), 7);
  const __m512 scales = _mm512_load_ps(header.scales);
  for (int32_t r = 0; r < n_rows; ++r) {
    const __m512 high = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_load_si512(sums[0][r]), offset));
    const __m512 low = _mm512_cvtepi32_ps(_mm512_load_si512(sums[1][r]));
    const __m512 sum = _mm512_fmadd_ps(high, _mm512_set1_ps(256), low);
    const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(task.x_scales[row + r]), scales);
    store16(task, row + r, panel * kPanelOutputs, _mm512_mul_ps(sum, scale));
  }
}

void store_bf16(const LinearTask& task, int32_t panel, int32_t row, int32_t n_rows,
                const int32_t (*sums)[kTileRows][kPanelOutputs]) {
  for (int32_t r = 0; r < n_rows; ++r) {
    store16(task, row + r, panel * kPanelOutputs,
            _mm512_add_ps(_mm512_load_ps(sums[0][r]), _mm512_load_ps(sums[1][r])));
  }
}

template <WeightType kType, int kPanels>
void tile_rows(const LinearTask& task, int32_t panel, const LinearRange& range) {
  Sums sums;
  for (int32_t row = range.row_begin; row < range.row_end; row += kTileRows) {
    multiply<kType, kPanels>(task.panels, panel, task.x + row * task.x_row_bytes, task.x_row_bytes,
                             sums);
    const int32_t n_rows = std::min(kTileRows, range.row_end - row);
    for (int32_t p = 0; p < kPanels; ++p) {
      if constexpr (kType == WeightType::kInt8) {
        store_int8(task, panel + p, row, n_rows, sums.values[p]);
      } else {
        store_bf16(task, panel + p, row, n_rows, sums.values[p]);
      }
    }
  }
}

template <WeightType kType>
void run_tiles(const LinearTask& task, const LinearRange& range) {
  const TileScope tiles;
  int32_t panel = range.panel_begin;
  for (; panel + 2 <= range.panel_end; panel += 2) tile_rows<kType, 2>(task, panel, range);
  if (panel < range.panel_end) tile_rows<kType, 1>(task, panel, range);
}

void run_int8(const LinearTask& task, const LinearRange& range) {
  if (range.row_end - range.row_begin <= kAmxRows) {
    kInt8Avx512.run(task, range);
  } else {
    run_tiles<WeightType::kInt8>(task, range);
  }
}

}  // namespace

const LinearKernel kInt8Amx{.bytes_per_input = 2, .prepare = prepare_byte_planes, .run = run_int8};
const LinearKernel kBf16Amx{
    .bytes_per_input = 4, .prepare = prepare_bf16_planes, .run = run_tiles<WeightType::kBf16>};

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
