#include "engine/chunk_tokens.h"

#include <algorithm>

namespace rondo::engine {
namespace {

constexpr ChunkTokens kCpuChunk = {.prefill = 64, .background = 32};

// A step of a GPU does about so many operations in its products: 10 ms on an H100. Its tiles are of
// 128 or 256 rows, so chunks are multiples of that. 512 rows of the 7B shape run at the rate of
// 8,192 (H100, products alone: 737 and 739 TFLOP/s, 256 rows: 604); small models need rows to fill
// it.
constexpr int64_t kStepFlops = 7'000'000'000'000;
constexpr int32_t kTileRows = 256;
constexpr int32_t kMostRows = 8192;

}  // namespace

int32_t gpu_chunk_tokens(const ModelConfig& config) {
  const int64_t token_flops = 2 * config.n_layers * config.layer_parameters();
  const int64_t n_rows = kStepFlops / token_flops / kTileRows * kTileRows;
  return static_cast<int32_t>(std::clamp<int64_t>(n_rows, kTileRows, kMostRows));
}

ChunkTokens chunk_tokens(const ModelConfig& config, const Device& device) {
  if (device.is_cpu()) return kCpuChunk;
  const int32_t n_rows = gpu_chunk_tokens(config);
  return {.prefill = n_rows, .background = n_rows};
}

}  // namespace rondo::engine
