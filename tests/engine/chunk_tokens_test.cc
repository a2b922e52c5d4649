#include "engine/chunk_tokens.h"

#include <gtest/gtest.h>

namespace rondo::engine {
namespace {

ModelConfig shape(int32_t hidden, int32_t ffn, int32_t n_layers) {
  ModelConfig config;
  config.hidden_size = hidden;
  config.intermediate_size = ffn;
  config.n_layers = n_layers;
  config.n_heads = hidden / 128;
  config.n_kv_heads = config.n_heads / 5;
  config.head_dim = 128;
  return config;
}

TEST(ChunkTokens, OfAGpuTakeAboutTheSameTimeWhateverTheModel) {
  const ChunkTokens of_7b = gpu_chunk_tokens(shape(5120, 27648, 14));
  EXPECT_EQ(of_7b.prefill, 1024);
  EXPECT_EQ(of_7b.background, 512);
  const ChunkTokens smaller = gpu_chunk_tokens(shape(2560, 8192, 24));
  EXPECT_EQ(smaller.prefill, 3584);
  EXPECT_EQ(smaller.background, 1792);
}

TEST(ChunkTokens, OfAGpuFillItsTilesAndItsScratch) {
  EXPECT_EQ(gpu_chunk_tokens(shape(5120, 27648, 80)).background, 256);
  EXPECT_EQ(gpu_chunk_tokens(shape(640, 1792, 10)).background, 16384);
  EXPECT_EQ(gpu_chunk_tokens(shape(640, 1792, 10)).prefill, 16384);
}

}  // namespace
}  // namespace rondo::engine
