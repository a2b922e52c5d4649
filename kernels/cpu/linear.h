// What linear is on every CPU table: rows of activations are prepared once into scratch memory,
// then threads take ranges of panels (and of rows, when there are many).
//
// int8 weights: a row x is quantised to 16 bits, q = round(x / s) with s = max|x| / 32767, and
// integer dot products are exact, so out = s * scale[n] * sum_k q[k] W[n][k] rounded once or
// twice. A result is then a function of its row alone: whatever instruction, blocking, thread
// count or number of rows computed it. bf16 weights: exact products, float32 sums in an order that
// a table keeps for any number of rows in its family.
//
// Thread: see kernels.h. Ownership: views only.
#pragma once

#include "kernels/cpu/panels.h"
#include "kernels/kernels.h"

namespace rondo::kernels {

// One call as a panel kernel sees it.
struct LinearTask {
  Panels panels;
  // Prepared rows, aligned to 64; behind the last one is room to read whole tiles of kTileRows.
  const std::byte* x = nullptr;
  int64_t x_row_bytes = 0;
  const float* x_scales = nullptr;  // f32 [T], int8 weights only
  float* out = nullptr;
  int64_t out_stride = 0;  // floats
  int32_t n = 0;           // outputs
  bool accumulate = false;
};

// Computes outputs of panels [begin, end) for rows [row, row + n_rows).
struct LinearRange {
  int32_t panel_begin = 0, panel_end = 0;
  int32_t row_begin = 0, row_end = 0;
};

// How weights of one type are multiplied with one instruction set.
struct LinearKernel {
  // Bytes of a prepared activation, all its planes together.
  int64_t bytes_per_input;
  // Prepares x[0..k) as padded_k inputs; returns the row's step.
  float (*prepare)(const float* x, int32_t k, int32_t padded_k, std::byte* out);
  void (*run)(const LinearTask& task, const LinearRange& range);
};

inline constexpr int32_t kTileRows = 16;

int linear(const LinearParams& params, Stream stream, const LinearKernel& kernel);

// Prepared forms, padded with zeros. All need AVX2.
// int16 [padded_k].
float prepare_int16(const float* x, int32_t k, int32_t padded_k, std::byte* out);
// The same numbers plus 32768 as two planes of bytes: high [padded_k], low [padded_k].
float prepare_byte_planes(const float* x, int32_t k, int32_t padded_k, std::byte* out);
// float [padded_k].
float prepare_float(const float* x, int32_t k, int32_t padded_k, std::byte* out);
// x = high + low to 16 bits, as two planes of bf16: high [padded_k], low [padded_k].
float prepare_bf16_planes(const float* x, int32_t k, int32_t padded_k, std::byte* out);

}  // namespace rondo::kernels
