// linear for AVX2.
//
// int8 weights: activations are int16, so vpmaddwd multiplies 16 weights (widened by vpmovsxbw) a
// time and adds pairs: lane j of a group of 4 outputs holds inputs 4i, 4i+1 (even j) or 4i+2, 4i+3
// (odd j) of output j / 2. A lane grows by less than 2^23 a line, so after kExactLines it is moved
// to float. bf16 weights: a line's even inputs are its 32-bit lanes shifted left by 16, its odd
// ones the lanes with the low half cleared.
//
// The ladder, 64 rows by 3584 x 640 int8 on one core of an AMD EPYC (2026-11-22): 15 GFLOP/s plain
// loops (reference); 52 this arithmetic with sums in memory, where g++ 12 leaves them at -O2; 70
// with loops over registers unrolled (the pragmas); 131 with the loop in a function of its own
// (exact_sums). FMA on float weights cannot exceed 104 here. Prefetching by hand gained nothing: a
// panel is one stream, and huge pages do the rest.

#include <hwy/base.h>
#include <immintrin.h>

#include <algorithm>

#include "kernels/cpu/linear_tables.h"

HWY_PUSH_ATTRIBUTES("avx2,fma")

namespace rondo::kernels {
namespace {

constexpr int32_t kExactLines = 256;  // 256 * 2 * 32767 * 128 < 2^31

// out[n..n+8) = value, or += ; only the outputs that exist.
void store8(const LinearTask& task, int64_t row, int32_t n, __m256 value) {
  float* out = task.out + row * task.out_stride + n;
  if (n + 8 <= task.n) {
    if (task.accumulate) value = _mm256_add_ps(value, _mm256_loadu_ps(out));
    _mm256_storeu_ps(out, value);
    return;
  }
  const __m256i exists =
      _mm256_cmpgt_epi32(_mm256_set1_epi32(task.n - n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  if (task.accumulate) value = _mm256_add_ps(value, _mm256_maskload_ps(out, exists));
  _mm256_maskstore_ps(out, exists, value);
}

// The sums over n_lines <= kExactLines lines of kGroups groups of 4 outputs, for kRows rows. A
// function of its own that does nothing else with the sums: otherwise g++ 12 keeps one of them in
// memory, at half the speed.
template <int kRows, int kGroups>
[[gnu::noinline]] void exact_sums(const std::byte* line, const std::byte* x, int64_t x_row_bytes,
                                  int32_t n_lines, __m256i (*sums)[kGroups]) {
  static_assert(kRows * kGroups <= 8, "sums, weights and activations share 16 registers");
  __m256i exact[kRows][kGroups];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) exact[r][g] = _mm256_setzero_si256();
  }
  for (int32_t i = 0; i < n_lines; ++i) {
    __m256i w[kGroups];
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) {
      const auto* group = reinterpret_cast<const __m128i*>(line + i * kLineBytes + g * 16);
      w[g] = _mm256_cvtepi8_epi16(_mm_load_si128(group));
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const auto* four = reinterpret_cast<const long long*>(x + r * x_row_bytes + i * 8);
      const __m256i activations = _mm256_set1_epi64x(*four);
#pragma GCC unroll 4
      for (int g = 0; g < kGroups; ++g) {
        exact[r][g] = _mm256_add_epi32(exact[r][g], _mm256_madd_epi16(w[g], activations));
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) sums[r][g] = exact[r][g];
  }
}

// kRows rows by kGroups groups of outputs, from group `group` of the panel on.
template <int kRows, int kGroups>
void tile_int8(const LinearTask& task, int32_t panel, int32_t group, int64_t row) {
  const std::byte* lines = task.panels.lines(panel) + group * 16;
  const std::byte* x = task.x + row * task.x_row_bytes;
  __m256 sums[kRows][kGroups] = {};
  for (int32_t line = 0; line < task.panels.n_lines; line += kExactLines) {
    __m256i exact[kRows][kGroups];
    exact_sums<kRows, kGroups>(lines + line * kLineBytes, x + line * 8, task.x_row_bytes,
                               std::min(task.panels.n_lines - line, kExactLines), exact);
    for (int r = 0; r < kRows; ++r) {
      for (int g = 0; g < kGroups; ++g) {
        sums[r][g] = _mm256_add_ps(sums[r][g], _mm256_cvtepi32_ps(exact[r][g]));
      }
    }
  }
  const PanelHeader& header = task.panels.header(panel);
  for (int r = 0; r < kRows; ++r) {
    const __m256 step = _mm256_set1_ps(task.x_scales[row + r]);
    for (int g = 0; g < kGroups; g += 2) {
      // Outputs 0 1 4 5 | 2 3 6 7 of the two groups.
      const __m256 pairs = _mm256_hadd_ps(sums[r][g], sums[r][g + 1]);
      const __m256 ordered =
          _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(pairs), 0b11011000));
      const int32_t output = (group + g) * 4;
      const __m256 scale = _mm256_mul_ps(step, _mm256_load_ps(header.scales + output));
      store8(task, row + r, panel * kPanelOutputs + output, _mm256_mul_ps(ordered, scale));
    }
  }
}

// kRows rows by a panel.
template <int kRows>
void tile_bf16(const LinearTask& task, int32_t panel, int64_t row) {
  static_assert(kRows <= 2, "sums of even and of odd inputs share 16 registers with the weights");
  const __m256i odd = _mm256_set1_epi32(static_cast<int>(0xffff0000));
  const std::byte* line = task.panels.lines(panel);
  const float* x = reinterpret_cast<const float*>(task.x + row * task.x_row_bytes);
  const int64_t x_stride = task.x_row_bytes / int64_t{sizeof(float)};
  __m256 sums[kRows][2][2];  // by row, half of the panel, even or odd inputs
#pragma GCC unroll 8
  for (int i = 0; i < kRows * 4; ++i) sums[i / 4][i / 2 % 2][i % 2] = _mm256_setzero_ps();
  for (int32_t i = 0; i < task.panels.n_lines; ++i, line += kLineBytes, x += 2) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const __m256i w = _mm256_load_si256(reinterpret_cast<const __m256i*>(line + half * 32));
      const __m256 w_even = _mm256_castsi256_ps(_mm256_slli_epi32(w, 16));
      const __m256 w_odd = _mm256_castsi256_ps(_mm256_and_si256(w, odd));
#pragma GCC unroll 2
      for (int r = 0; r < kRows; ++r) {
        const float* pair = x + r * x_stride;
        sums[r][half][0] = _mm256_fmadd_ps(w_even, _mm256_broadcast_ss(pair), sums[r][half][0]);
        sums[r][half][1] = _mm256_fmadd_ps(w_odd, _mm256_broadcast_ss(pair + 1), sums[r][half][1]);
      }
    }
  }
#pragma GCC unroll 2
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      store8(task, row + r, panel * kPanelOutputs + half * 8,
             _mm256_add_ps(sums[r][half][0], sums[r][half][1]));
    }
  }
}

void run_int8(const LinearTask& task, const LinearRange& range) {
  for (int32_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
    int32_t row = range.row_begin;
    for (; row + 4 <= range.row_end; row += 4) {
      tile_int8<4, 2>(task, panel, 0, row);
      tile_int8<4, 2>(task, panel, 2, row);
    }
    for (; row + 2 <= range.row_end; row += 2) tile_int8<2, 4>(task, panel, 0, row);
    if (row < range.row_end) tile_int8<1, 4>(task, panel, 0, row);
  }
}

void run_bf16(const LinearTask& task, const LinearRange& range) {
  for (int32_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
    int32_t row = range.row_begin;
    for (; row + 2 <= range.row_end; row += 2) tile_bf16<2>(task, panel, row);
    if (row < range.row_end) tile_bf16<1>(task, panel, row);
  }
}

// Sums of a group: kRows rows by kGroups groups of 4 outputs from group `group` on, a lane as
// exact_sums has it.
template <int kRows, int kGroups>
[[gnu::noinline]] void block_sums(const Int4Block& block, int32_t group, const std::byte* x,
                                  int64_t x_row_bytes, __m256i (&sums)[kRows][kGroups]) {
  static_assert(kRows * kGroups <= 4, "sums, zero points and weights share 16 registers");
  const __m128i halves = _mm_set1_epi8(0x0f);
  __m256i exact[kRows][kGroups], zeros[kGroups];
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; ++g) {
    const auto* fields = reinterpret_cast<const __m128i*>(block.sums_and_zeros + (group + g) * 4);
    const __m128i mask = _mm_set1_epi64x((1 << Int4Block::kZeroBits) - 1);
    const __m256i zero = _mm256_and_si256(_mm256_cvtepu16_epi64(_mm_loadl_epi64(fields)),
                                          _mm256_broadcastq_epi64(mask));
    const __m256i twice = _mm256_or_si256(zero, _mm256_slli_epi64(zero, 16));
    zeros[g] = _mm256_or_si256(twice, _mm256_slli_epi64(twice, 32));
  }
#pragma GCC unroll 4
  for (int i = 0; i < kRows * kGroups; ++i)
    exact[i / kGroups][i % kGroups] = _mm256_setzero_si256();
  for (int32_t i = 0; i < 2 * Int4Block::kLines; ++i) {
    __m256i w[kGroups];
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) {
      const auto* at = reinterpret_cast<const __m128i*>(block.lines[i / 2] + (group + g) * 16);
      const __m128i line = _mm_load_si128(at);
      const __m128i half = i % 2 == 0 ? line : _mm_srli_epi16(line, 4);
      w[g] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_and_si128(half, halves)), zeros[g]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const auto* four = reinterpret_cast<const long long*>(x + r * x_row_bytes + i * 8);
      const __m256i activations = _mm256_set1_epi64x(*four);
#pragma GCC unroll 4
      for (int g = 0; g < kGroups; ++g) {
        exact[r][g] = _mm256_add_epi32(exact[r][g], _mm256_madd_epi16(w[g], activations));
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kRows * kGroups; ++i)
    sums[i / kGroups][i % kGroups] = exact[i / kGroups][i % kGroups];
}

// kRows rows by kGroups groups of outputs, an even number, from group `group` of the panel on.
template <int kRows, int kGroups>
void tile_int4(const LinearTask& task, int32_t panel, int32_t group, int64_t row) {
  const std::byte* x = task.x + row * task.x_row_bytes;
  const Int4Block* blocks = task.panels.blocks(panel);
  __m256 sums[kRows][kGroups / 2] = {};
  for (int32_t i = 0; i < task.panels.n_blocks; ++i) {
    __m256i exact[kRows][kGroups];
    block_sums(blocks[i], group, x + i * kInt4Group * 2, task.x_row_bytes, exact);
    for (int g = 0; g < kGroups; g += 2) {
      const auto* bits = reinterpret_cast<const __m128i*>(blocks[i].scales + (group + g) * 4);
      const __m256 scales =
          _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(bits)), 16));
      for (int r = 0; r < kRows; ++r) {
        // Outputs 0 1 4 5 | 2 3 6 7 of the two groups.
        const __m256i pairs = _mm256_hadd_epi32(exact[r][g], exact[r][g + 1]);
        const __m256 of_group = _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(pairs, 0b11011000));
        sums[r][g / 2] = _mm256_fmadd_ps(of_group, scales, sums[r][g / 2]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const __m256 step = _mm256_set1_ps(task.x_scales[row + r]);
    for (int g = 0; g < kGroups; g += 2) {
      store8(task, row + r, panel * kPanelOutputs + (group + g) * 4,
             _mm256_mul_ps(sums[r][g / 2], step));
    }
  }
}

void run_int4(const LinearTask& task, const LinearRange& range) {
  for (int32_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
    int32_t row = range.row_begin;
    for (; row + 2 <= range.row_end; row += 2) {
      tile_int4<2, 2>(task, panel, 0, row);
      tile_int4<2, 2>(task, panel, 2, row);
    }
    if (row < range.row_end) tile_int4<1, 4>(task, panel, 0, row);
  }
}

}  // namespace

const LinearKernel kInt4Avx2{.bytes_per_input = 2, .prepare = prepare_int16, .run = run_int4};
const LinearKernel kInt8Avx2{.bytes_per_input = 2, .prepare = prepare_int16, .run = run_int8};
const LinearKernel kBf16Avx2{.bytes_per_input = 4, .prepare = prepare_float, .run = run_bf16};

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
