// How fast the kernels are, beside what the processor could do: linear by shape and table, and the
// peak rates of multiply-add instructions on registers alone.
//
// Thread: the caller's, and the pool's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/thread_pool.h"

namespace rondo::bench {

struct LinearShape {
  int32_t n_rows = 1;
  int32_t n = 0;
  int32_t k = 0;
  kernels::WeightType type = kernels::WeightType::kInt8;
};

struct LinearSpeed {
  LinearShape shape;
  double seconds = 0;             // the fastest call
  double flops_per_s = 0;         // 2 * n_rows * n * k a call
  double weight_bytes_per_s = 0;  // packed bytes a call
};

// Times `table`'s linear on random weights, for about 0.2 s a shape. The weights of a shape are
// repeated to at least 64 MiB, so that they come from memory as in a model.
std::vector<LinearSpeed> measure_linear(const kernels::Kernels& table,
                                        std::span<const LinearShape> shapes,
                                        kernels::ThreadPool& threads);

// Multiply-adds on registers, all threads together, in FLOP/s; 0 where the processor lacks them.
struct PeakRates {
  double fma = 0;       // float, the widest vectors there are
  double amx_bf16 = 0;  // 16 x 16 x 32 tiles
  double amx_int8 = 0;  // 16 x 16 x 64 tiles
};
PeakRates measure_peak_rates(kernels::ThreadPool& threads);

}  // namespace rondo::bench
