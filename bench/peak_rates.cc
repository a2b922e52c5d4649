#include <immintrin.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "bench/kernels.h"
#include "kernels/cpu/cpu_features.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Runs `rounds` rounds on registers and returns something that depends on the result.
using Loop = float (*)(int64_t rounds);

constexpr int kChains = 10;  // independent sums: more than latency times issue width

__attribute__((target("avx2,fma"))) float fma_avx2(int64_t rounds) {
  __m256 sums[kChains];  // begin differently: equal ones would be computed once
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 10
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, a, b);
  }
  __m256 total = _mm256_setzero_ps();
  for (const __m256& sum : sums) total = _mm256_add_ps(total, sum);
  return _mm256_cvtss_f32(total);
}

__attribute__((target("avx512f"))) float fma_avx512(int64_t rounds) {
  __m512 sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 10
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, a, b);
  }
  __m512 total = _mm512_setzero_ps();
  for (const __m512& sum : sums) total = _mm512_add_ps(total, sum);
  return _mm512_cvtss_f32(total);
}

// Eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  TileConfig() {
    for (int i = 0; i < 8; ++i) {
      bytes[16 + 2 * i] = 64;
      bytes[48 + i] = 16;
    }
  }
  std::array<uint8_t, 64> bytes = {1};  // palette 1
};

__attribute__((target("amx-tile"))) void configure_tiles(const TileConfig& config) {
  // g++ 12 believes that _tile_loadconfig reads 8 bytes and drops the stores to the rest.
  asm volatile("" ::"r"(&config) : "memory");
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
}

__attribute__((target("amx-tile,amx-bf16"))) float amx_bf16(int64_t rounds) {
  const TileConfig config;
  configure_tiles(config);
  for (int64_t i = 0; i < rounds; ++i) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  _tile_release();
  return 0;
}

__attribute__((target("amx-tile,amx-int8"))) float amx_int8(int64_t rounds) {
  const TileConfig config;
  configure_tiles(config);
  for (int64_t i = 0; i < rounds; ++i) {
    _tile_dpbssd(0, 4, 5);
    _tile_dpbssd(1, 4, 5);
    _tile_dpbssd(2, 4, 5);
    _tile_dpbssd(3, 4, 5);
  }
  _tile_release();
  return 0;
}

// The best rate of several regions of a few milliseconds, in which every thread runs the loop.
double measure(Loop loop, double flops_per_round, kernels::ThreadPool& threads) {
  constexpr int64_t kRounds = 1'000'000;
  constexpr int64_t kParts = 64;
  double best = 0;
  volatile float sink = 0;
  for (int pass = 0; pass < 10; ++pass) {
    const Clock::time_point start = Clock::now();
    threads.parallel_for(kParts, 1, [&](int64_t begin, int64_t end) {
      const float result = loop(kRounds / kParts * (end - begin));
      if (begin == 0) sink = result;
    });
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, kRounds * flops_per_round / seconds.count());
  }
  return best;
}

}  // namespace

PeakRates measure_peak_rates(kernels::ThreadPool& threads) {
  const kernels::CpuFeatures& features = kernels::cpu_features();
  PeakRates rates;
  if (features.avx512) {
    rates.fma = measure(fma_avx512, kChains * 16 * 2, threads);
  } else if (features.avx2) {
    rates.fma = measure(fma_avx2, kChains * 8 * 2, threads);
  }
  if (features.amx) {
    rates.amx_bf16 = measure(amx_bf16, 4 * 16 * 16 * 32 * 2, threads);
    rates.amx_int8 = measure(amx_int8, 4 * 16 * 16 * 64 * 2, threads);
  }
  return rates;
}

}  // namespace rondo::bench
