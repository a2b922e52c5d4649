// linear for AVX-VNNI (256-bit vpdpbusd): int8 weights only, bf16 ones take the AVX2 kernel.
//
// vpdpbusd multiplies unsigned by signed bytes, so activations of 16 bits are two planes of
// unsigned bytes, q + 32768 = 256 high + low, and sum q w = 256 (sum high w - 128 sum w) + sum low
// w. All sums are exact in 32 bits up to K = 65536. Against vpmaddwd (linear_avx2.cc) it needs no
// widening of weights and no additions: 2 instructions for 32 weights instead of 6.

#include <hwy/base.h>
#include <immintrin.h>

#include "kernels/cpu/linear_tables.h"

HWY_PUSH_ATTRIBUTES("avx2,fma,avxvnni")

namespace rondo::kernels {
namespace {

// Sums of kRows rows with a panel, by plane of activations and half of the panel.
template <int kRows>
struct Sums {
  __m256i high[kRows][2];
  __m256i low[kRows][2];
};

// A function of its own: see exact_sums in linear_avx2.cc.
template <int kRows>
[[gnu::noinline]] void exact_sums(const std::byte* line, int32_t n_lines, const std::byte* x,
                                  int64_t x_row_bytes, int64_t plane_bytes, Sums<kRows>& sums) {
  static_assert(kRows <= 3, "four sums a row, two weights and two activations in 16 registers");
  __m256i high[kRows][2], low[kRows][2];
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) {
    high[r][0] = high[r][1] = low[r][0] = low[r][1] = _mm256_setzero_si256();
  }
  for (int32_t i = 0; i < n_lines; ++i) {
    const auto* weights = reinterpret_cast<const __m256i*>(line + i * kLineBytes);
    const __m256i w0 = _mm256_load_si256(weights), w1 = _mm256_load_si256(weights + 1);
#pragma GCC unroll 3
    for (int r = 0; r < kRows; ++r) {
      const std::byte* four = x + r * x_row_bytes + i * 4;
      const __m256i h = _mm256_set1_epi32(*reinterpret_cast<const int*>(four));
      const __m256i l = _mm256_set1_epi32(*reinterpret_cast<const int*>(four + plane_bytes));
      high[r][0] = _mm256_dpbusd_avx_epi32(high[r][0], h, w0);
      high[r][1] = _mm256_dpbusd_avx_epi32(high[r][1], h, w1);
      low[r][0] = _mm256_dpbusd_avx_epi32(low[r][0], l, w0);
      low[r][1] = _mm256_dpbusd_avx_epi32(low[r][1], l, w1);
    }
  }
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      sums.high[r][half] = high[r][half];
      sums.low[r][half] = low[r][half];
    }
  }
}

// out[n..n+8) = value, or += ; only the outputs that exist.
void store8(const LinearTask& task, int64_t row, int32_t n, __m256 value) {
  float* out = task.out + row * task.out_stride + n;
  const __m256i exists =
      _mm256_cmpgt_epi32(_mm256_set1_epi32(task.n - n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  if (task.accumulate) value = _mm256_add_ps(value, _mm256_maskload_ps(out, exists));
  _mm256_maskstore_ps(out, exists, value);
}

template <int kRows>
void tile_int8(const LinearTask& task, int32_t panel, int64_t row) {
  Sums<kRows> sums;
  exact_sums<kRows>(task.panels.lines(panel), task.panels.n_lines, task.x + row * task.x_row_bytes,
                    task.x_row_bytes, task.panels.padded_k, sums);
  const PanelHeader& header = task.panels.header(panel);
  for (int half = 0; half < 2; ++half) {
    const auto* weight_sums = reinterpret_cast<const __m256i*>(header.sums + half * 8);
    const __m256i offset = _mm256_slli_epi32(_mm256_load_si256(weight_sums), 7);
    const __m256 scales = _mm256_load_ps(header.scales + half * 8);
    for (int r = 0; r < kRows; ++r) {
      const __m256 high = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums.high[r][half], offset));
      const __m256 low = _mm256_cvtepi32_ps(sums.low[r][half]);
      const __m256 sum = _mm256_fmadd_ps(high, _mm256_set1_ps(256), low);
      const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(task.x_scales[row + r]), scales);
      store8(task, row + r, panel * kPanelOutputs + half * 8, _mm256_mul_ps(sum, scale));
    }
  }
}

void run_int8(const LinearTask& task, const LinearRange& range) {
  for (int32_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
    int32_t row = range.row_begin;
    for (; row + 3 <= range.row_end; row += 3) tile_int8<3>(task, panel, row);
    for (; row < range.row_end; ++row) tile_int8<1>(task, panel, row);
  }
}

}  // namespace

const LinearKernel kInt8AvxVnni{
    .bytes_per_input = 2, .prepare = prepare_byte_planes, .run = run_int8};

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
