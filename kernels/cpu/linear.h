// What linear is on every CPU table: rows of activations are prepared once into scratch memory,
// then threads take ranges of panels (and of blocks of rows, when there are many).
//
// Computes: out[t][n] = sum_k x[t][k] W[n][k], or +=. x and out are float32 rows at any stride, not
// aligned; weights are panels (panels.h).
// Requires: a thread pool. int8: K <= 65536, where sums still fit 32 bits.
// Numerics, int8: a row is quantised to 16 bits, q = round(x / s) with s = max|x| / 32767, integer
// sums are exact and rounded once or twice: |error| <= s / 2 * sum_k |W[n][k]|, and 2^-22 of the
// result. So a result is a function of its row alone, whatever the instruction, blocking, threads
// and number of rows; avxvnni, avx512 and amx agree in every bit. Per-token int8 activations would
// double the rate of many rows and cost the accuracy; one row waits for memory anyway.
// Numerics, int4: the same row of 16 bits; sums of a group are exact, converted to float32 and
// added, times the group's scale, in turn (one rounding each).
// Numerics, bf16: exact products, float32 sums in an order that a table keeps for any number of
// rows in its family. Memory: T * (K * bytes_per_input + 68) bytes of scratch. Measured (one core
// of an AMD EPYC that reads 21 GB/s and does 104 GFLOP/s of FMA, 3584 x 640, 2026-11-22; the
// reference, then avx2):
//   int8, 1 row      3.9 -> 22.5 GB/s of weights      64 rows     15 -> 131 GFLOP/s
//   bf16, 1 row      6.6 -> 21.9 GB/s                 64 rows     10 ->  82 GFLOP/s
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
  const float* x_scales = nullptr;  // f32 [T], quantised weights only
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
