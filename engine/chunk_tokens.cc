#include "engine/chunk_tokens.h"

#include <algorithm>

namespace rondo::engine {
namespace {

constexpr ChunkTokens kCpuChunk = {.prefill = 64, .background = 32};

// A step of background work does about so many operations in its products, 10 ms on an H100; one of
// prefill, which somebody waits for, twice as many. Tiles are of 128 or 256 rows, so chunks are
// multiples of that. Whole layers of the 7B shape, H100: 256 rows 518, 512 rows 602, 1,024 rows
// 643 TFLOP/s, and no more with 8,192; small models need many rows to fill it: loopcoder-mini 208
// with 2,048 rows, 269 with 8,192; its Segments 3.76M tokens/s with 8,192, 3.97M with 16,384.
constexpr int64_t kBackgroundFlops = 7'000'000'000'000;
constexpr int64_t kPrefillFlops = 2 * kBackgroundFlops;
constexpr int32_t kTileRows = 256;
constexpr int32_t kMostRows = 16384;

int32_t rows_of(int64_t flops, const ModelConfig& config) {
  const int64_t token_flops = 2 * config.n_layers * config.layer_parameters();
  const int64_t n_rows = flops / token_flops / kTileRows * kTileRows;
  return static_cast<int32_t>(std::clamp<int64_t>(n_rows, kTileRows, kMostRows));
}

}  // namespace

ChunkTokens gpu_chunk_tokens(const ModelConfig& config) {
  return {.prefill = rows_of(kPrefillFlops, config),
          .background = rows_of(kBackgroundFlops, config)};
}

ChunkTokens cpu_chunk_tokens() { return kCpuChunk; }

ChunkTokens chunk_tokens(const ModelConfig& config, const Device& device) {
  return device.is_cpu() ? cpu_chunk_tokens() : gpu_chunk_tokens(config);
}

}  // namespace rondo::engine
