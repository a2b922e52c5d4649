// linear for AVX-512 with VNNI: the arithmetic of linear_avxvnni.cc (int8) and linear_avx2.cc
// (bf16) in 64-byte vectors, a line a load.
//
// bf16 weights are expanded to float and not fed to vdpbf16ps: that would round activations to 8
// bits for no gain, since its rate on current processors is that of the two FMAs it replaces, and a
// decode step waits for memory either way.

#include <hwy/base.h>
#include <immintrin.h>

#include "kernels/cpu/linear_tables.h"

HWY_PUSH_ATTRIBUTES("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

namespace rondo::kernels {
namespace {

// out[n..n+16) = value, or += ; only the outputs that exist.
void store16(const LinearTask& task, int64_t row, int32_t n, __m512 value) {
  float* out = task.out + row * task.out_stride + n;
  const int32_t n_outputs = task.n - n;
  const auto exists =
      static_cast<__mmask16>(n_outputs >= kPanelOutputs ? 0xffff : (1 << n_outputs) - 1);
  if (task.accumulate) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(exists, out));
  _mm512_mask_storeu_ps(out, exists, value);
}

// Sums of kRows rows with kPanels panels, by plane of activations.
template <int kRows, int kPanels>
struct Sums {
  __m512i high[kRows][kPanels];
  __m512i low[kRows][kPanels];
};

// A function of its own: see exact_sums in linear_avx2.cc.
template <int kRows, int kPanels>
[[gnu::noinline]] void exact_sums(const Panels& panels, int32_t panel, const std::byte* x,
                                  int64_t x_row_bytes, Sums<kRows, kPanels>& sums) {
  static_assert(kRows * kPanels <= 8, "two sums each, weights and activations in 32 registers");
  const std::byte* lines = panels.lines(panel);
  const int64_t panel_bytes = panels.panel_bytes, plane_bytes = panels.padded_k;
  const int32_t n_lines = panels.n_lines;
  __m512i high[kRows][kPanels], low[kRows][kPanels];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) high[r][p] = low[r][p] = _mm512_setzero_si512();
  }
  for (int32_t i = 0; i < n_lines; ++i) {
    __m512i w[kPanels];
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      w[p] = _mm512_load_si512(lines + p * panel_bytes + i * kLineBytes);
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const std::byte* four = x + r * x_row_bytes + i * 4;
      const __m512i h = _mm512_set1_epi32(*reinterpret_cast<const int*>(four));
      const __m512i l = _mm512_set1_epi32(*reinterpret_cast<const int*>(four + plane_bytes));
#pragma GCC unroll 2
      for (int p = 0; p < kPanels; ++p) {
        high[r][p] = _mm512_dpbusd_epi32(high[r][p], h, w[p]);
        low[r][p] = _mm512_dpbusd_epi32(low[r][p], l, w[p]);
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < kPanels; ++p) {
      sums.high[r][p] = high[r][p];
      sums.low[r][p] = low[r][p];
    }
  }
}

template <int kRows, int kPanels>
void tile_int8(const LinearTask& task, int32_t panel, int64_t row) {
  Sums<kRows, kPanels> sums;
  exact_sums(task.panels, panel, task.x + row * task.x_row_bytes, task.x_row_bytes, sums);
  for (int p = 0; p < kPanels; ++p) {
    const PanelHeader& header = task.panels.header(panel + p);
    const __m512i offset = _mm512_slli_epi32(_mm512_load_si512(header.sums), 7);
    const __m512 scales = _mm512_load_ps(header.scales);
    for (int r = 0; r < kRows; ++r) {
      const __m512 high = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums.high[r][p], offset));
      const __m512 sum =
          _mm512_fmadd_ps(high, _mm512_set1_ps(256), _mm512_cvtepi32_ps(sums.low[r][p]));
      const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(task.x_scales[row + r]), scales);
      store16(task, row + r, (panel + p) * kPanelOutputs, _mm512_mul_ps(sum, scale));
    }
  }
}

template <int kPanels>
void rows_int8(const LinearTask& task, int32_t panel, const LinearRange& range) {
  int32_t row = range.row_begin;
  for (; row + 4 <= range.row_end; row += 4) tile_int8<4, kPanels>(task, panel, row);
  for (; row + 2 <= range.row_end; row += 2) tile_int8<2, kPanels>(task, panel, row);
  if (row < range.row_end) tile_int8<1, kPanels>(task, panel, row);
}

void run_int8(const LinearTask& task, const LinearRange& range) {
  int32_t panel = range.panel_begin;
  for (; panel + 2 <= range.panel_end; panel += 2) rows_int8<2>(task, panel, range);
  if (panel < range.panel_end) rows_int8<1>(task, panel, range);
}

template <int kRows>
void tile_bf16(const LinearTask& task, int32_t panel, int64_t row) {
  static_assert(kRows <= 8, "sums of even and of odd inputs share 32 registers with the weights");
  const __m512i odd = _mm512_set1_epi32(static_cast<int>(0xffff0000));
  const std::byte* lines = task.panels.lines(panel);
  const auto* x = reinterpret_cast<const float*>(task.x + row * task.x_row_bytes);
  const int64_t x_stride = task.x_row_bytes / int64_t{sizeof(float)};
  const int32_t n_lines = task.panels.n_lines;
  __m512 even_sums[kRows], odd_sums[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) even_sums[r] = odd_sums[r] = _mm512_setzero_ps();
  for (int32_t i = 0; i < n_lines; ++i) {
    const __m512i w = _mm512_load_si512(lines + i * kLineBytes);
    const __m512 w_even = _mm512_castsi512_ps(_mm512_slli_epi32(w, 16));
    const __m512 w_odd = _mm512_castsi512_ps(_mm512_and_si512(w, odd));
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float* pair = x + r * x_stride + 2 * i;
      even_sums[r] = _mm512_fmadd_ps(w_even, _mm512_set1_ps(pair[0]), even_sums[r]);
      odd_sums[r] = _mm512_fmadd_ps(w_odd, _mm512_set1_ps(pair[1]), odd_sums[r]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    store16(task, row + r, panel * kPanelOutputs, _mm512_add_ps(even_sums[r], odd_sums[r]));
  }
}

void run_bf16(const LinearTask& task, const LinearRange& range) {
  for (int32_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
    int32_t row = range.row_begin;
    for (; row + 8 <= range.row_end; row += 8) tile_bf16<8>(task, panel, row);
    for (; row + 2 <= range.row_end; row += 2) tile_bf16<2>(task, panel, row);
    if (row < range.row_end) tile_bf16<1>(task, panel, row);
  }
}

// Sums of a group with kRows rows, which are offset; a function of its own as exact_sums is.
template <int kRows>
[[gnu::noinline]] void block_sums(const Int4Block& block, const std::byte* x, int64_t x_row_bytes,
                                  int64_t plane_bytes, __m512i (&sums)[kRows]) {
  static_assert(kRows <= 8, "two sums each, weights and activations in 32 registers");
  const __m512i halves = _mm512_set1_epi8(0x0f);
  const __m512i fields = _mm512_cvtepu16_epi32(
      _mm256_load_si256(reinterpret_cast<const __m256i*>(block.sums_and_zeros)));
  const __m512i zero = _mm512_and_si512(fields, _mm512_set1_epi32((1 << Int4Block::kZeroBits) - 1));
  const __m512i zeros = _mm512_mullo_epi32(zero, _mm512_set1_epi32(0x01010101));
  __m512i high[kRows], low[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) high[r] = low[r] = _mm512_setzero_si512();
  for (int32_t i = 0; i < 2 * Int4Block::kLines; ++i) {
    const __m512i line = _mm512_load_si512(block.lines[i / 2]);
    const __m512i half = i % 2 == 0 ? line : _mm512_srli_epi16(line, 4);
    const __m512i w = _mm512_sub_epi8(_mm512_and_si512(half, halves), zeros);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const std::byte* four = x + r * x_row_bytes + i * 4;
      const __m512i h = _mm512_set1_epi32(*reinterpret_cast<const int*>(four));
      const __m512i l = _mm512_set1_epi32(*reinterpret_cast<const int*>(four + plane_bytes));
      high[r] = _mm512_dpbusd_epi32(high[r], h, w);
      low[r] = _mm512_dpbusd_epi32(low[r], l, w);
    }
  }
  // 128 times the sum of the group's weights.
  const __m512i offset =
      _mm512_slli_epi32(_mm512_sub_epi32(_mm512_srli_epi32(fields, Int4Block::kZeroBits),
                                         _mm512_mullo_epi32(zero, _mm512_set1_epi32(kInt4Group))),
                        7);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    sums[r] = _mm512_add_epi32(_mm512_slli_epi32(_mm512_sub_epi32(high[r], offset), 8), low[r]);
  }
}

template <int kRows>
void tile_int4(const LinearTask& task, int32_t panel, int64_t row) {
  const std::byte* x = task.x + row * task.x_row_bytes;
  const Int4Block* blocks = task.panels.blocks(panel);
  __m512 sums[kRows];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  for (int32_t i = 0; i < task.panels.n_blocks; ++i) {
    __m512i exact[kRows];
    block_sums(blocks[i], x + i * kInt4Group, task.x_row_bytes, task.panels.padded_k, exact);
    const auto* bits = reinterpret_cast<const __m256i*>(blocks[i].scales);
    const __m512i widened = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_load_si256(bits)), 16);
    for (int r = 0; r < kRows; ++r) {
      const __m512 of_group = _mm512_cvtepi32_ps(exact[r]);
      sums[r] = _mm512_fmadd_ps(of_group, _mm512_castsi512_ps(widened), sums[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const __m512 step = _mm512_set1_ps(task.x_scales[row + r]);
    store16(task, row + r, panel * kPanelOutputs, _mm512_mul_ps(sums[r], step));
  }
}

void run_int4(const LinearTask& task, const LinearRange& range) {
  for (int32_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
    int32_t row = range.row_begin;
    for (; row + 8 <= range.row_end; row += 8) tile_int4<8>(task, panel, row);
    for (; row + 2 <= range.row_end; row += 2) tile_int4<2>(task, panel, row);
    if (row < range.row_end) tile_int4<1>(task, panel, row);
  }
}

}  // namespace

const LinearKernel kInt4Avx512{
    .bytes_per_input = 2, .prepare = prepare_byte_planes, .run = run_int4};
const LinearKernel kInt8Avx512{
    .bytes_per_input = 2, .prepare = prepare_byte_planes, .run = run_int8};
const LinearKernel kBf16Avx512{.bytes_per_input = 4, .prepare = prepare_float, .run = run_bf16};

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
