#include "bench/membw.h"

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "engine/host_memory.h"
#include "kernels/cpu/cpu_features.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Read = uint64_t (*)(const std::byte* data, int64_t n_bytes);

constexpr auto kTime = std::chrono::milliseconds(500);
constexpr int64_t kStep = 256;  // bytes an iteration

// Both return a number that depends on all bytes, so that no load can be left out.
// REQUIRES: data aligned to 64, n_bytes a multiple of kStep.
__attribute__((target("avx2"))) uint64_t read_avx2(const std::byte* data, int64_t n_bytes) {
  __m256i sums[4] = {};
  for (int64_t i = 0; i < n_bytes; i += kStep) {
    for (int64_t j = 0; j < kStep; j += 32) {
      const auto* from = reinterpret_cast<const __m256i*>(data + i + j);
      sums[j / 32 % 4] = _mm256_xor_si256(sums[j / 32 % 4], _mm256_load_si256(from));
    }
  }
  const __m256i sum =
      _mm256_xor_si256(_mm256_xor_si256(sums[0], sums[1]), _mm256_xor_si256(sums[2], sums[3]));
  return static_cast<uint64_t>(_mm256_extract_epi64(sum, 0) ^ _mm256_extract_epi64(sum, 1) ^
                               _mm256_extract_epi64(sum, 2) ^ _mm256_extract_epi64(sum, 3));
}

__attribute__((target("avx512f"))) uint64_t read_avx512(const std::byte* data, int64_t n_bytes) {
  __m512i sums[4] = {};
  for (int64_t i = 0; i < n_bytes; i += kStep) {
    for (int64_t j = 0; j < kStep; j += 64) {
      sums[j / 64] = _mm512_xor_si512(sums[j / 64], _mm512_load_si512(data + i + j));
    }
  }
  const __m512i sum =
      _mm512_xor_si512(_mm512_xor_si512(sums[0], sums[1]), _mm512_xor_si512(sums[2], sums[3]));
  alignas(64) uint64_t parts[8];
  _mm512_store_si512(parts, sum);
  return parts[0] ^ parts[1] ^ parts[2] ^ parts[3] ^ parts[4] ^ parts[5] ^ parts[6] ^ parts[7];
}

uint64_t read_words(const std::byte* data, int64_t n_bytes) {
  uint64_t sum = 0;
  for (int64_t i = 0; i < n_bytes; i += 8) {
    uint64_t word;
    std::memcpy(&word, data + i, sizeof(word));
    sum ^= word;
  }
  return sum;
}

Read widest_read() {
  if (kernels::cpu_features().avx512) return read_avx512;
  if (kernels::cpu_features().avx2) return read_avx2;
  return read_words;
}

}  // namespace

Result<ReadBandwidth> measure_read_bandwidth(int64_t buffer_bytes, kernels::ThreadPool& threads) {
  buffer_bytes = std::max(buffer_bytes / kStep, int64_t{1}) * kStep;
  ASSIGN_OR_RETURN(const engine::HostMemory buffer, engine::HostMemory::allocate(buffer_bytes));
  std::memset(buffer.data(), 1, buffer_bytes);
  const Read read = widest_read();
  std::atomic<uint64_t> sink = 0;
  ReadBandwidth result{.buffer_bytes = buffer_bytes, .n_threads = threads.size()};
  const Clock::time_point end = Clock::now() + kTime;
  for (int pass = 0; pass < 3 || Clock::now() < end; ++pass) {
    const Clock::time_point start = Clock::now();
    threads.parallel_for(buffer_bytes / kStep, 64, [&](int64_t first, int64_t last) {
      sink += read(buffer.data() + first * kStep, (last - first) * kStep);
    });
    const std::chrono::duration<double> seconds = Clock::now() - start;
    result.bytes_per_s =
        std::max(result.bytes_per_s, static_cast<double>(buffer_bytes) / seconds.count());
  }
  return result;
}

}  // namespace rondo::bench
