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
  EXPECT_EQ(gpu_chunk_tokens(shape(5120, 27648, 14)), 512);  // 7B
  EXPECT_EQ(gpu_chunk_tokens(shape(2560, 8192, 24)), 1792);
}

TEST(ChunkTokens, OfAGpuFillItsTilesAndItsScratch) {
  EXPECT_EQ(gpu_chunk_tokens(shape(5120, 27648, 80)), 256);
  EXPECT_EQ(gpu_chunk_tokens(shape(640, 1792, 10)), 8192);
}

}  // namespace
}  // namespace rondo::engine
