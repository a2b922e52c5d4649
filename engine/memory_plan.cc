#include "engine/memory_plan.h"

#include <algorithm>

#include "engine/chunk_tokens.h"
#include "engine/page_pool.h"
#include "engine/prefill.h"

namespace rondo::engine {
namespace {

using kernels::WeightType;

// Of an H100 with CUDA 13: the driver's context and modules, and cuBLAS' workspace.
constexpr int64_t kLibraryBytes = int64_t{560} << 20;
// int8 matrices of so many weights and fewer are kept in bf16 too (kernels/cuda/matrix.h).
constexpr int64_t kSmallMatrix = 16 << 20;

WeightType layer_type(const ModelConfig& config) {
  switch (config.weight_format) {
    case WeightFormat::kInt8Channel:
      return WeightType::kInt8;
    case WeightFormat::kInt4Group:
      return WeightType::kInt4;
    case WeightFormat::kBf16:
      break;
  }
  return WeightType::kBf16;
}

// Embedding and head stay in bf16 beside int4 layers.
WeightType vocabulary_type(const ModelConfig& config) {
  const WeightType type = layer_type(config);
  return type == WeightType::kInt4 ? WeightType::kBf16 : type;
}

int64_t layer_bytes(const ModelConfig& config) {
  const WeightType type = layer_type(config);
  const int32_t width = config.n_heads * config.head_dim;
  int64_t bytes = gpu_matrix_bytes(type, config.qkv_dim(), config.hidden_size) +
                  gpu_matrix_bytes(type, config.hidden_size, width) +
                  gpu_matrix_bytes(type, 2 * config.intermediate_size, config.hidden_size) +
                  gpu_matrix_bytes(type, config.hidden_size, config.intermediate_size) +
                  int64_t{4} * 2 * config.hidden_size;
  if (config.architecture == Architecture::kLoopCoder)
    bytes += int64_t{4} * (width + config.n_heads);
  return bytes;
}

// The embedding as the checkpoint has it; the head packed, of tied ones too; the final norm.
int64_t vocabulary_bytes(const ModelConfig& config) {
  const WeightType type = vocabulary_type(config);
  const int64_t row_bytes =
      type == WeightType::kInt8 ? config.hidden_size + 2 : int64_t{2} * config.hidden_size;
  return config.vocab_size * row_bytes +
         gpu_matrix_bytes(type, config.vocab_size, config.hidden_size) +
         int64_t{4} * config.hidden_size;
}

int64_t page_bytes(const ModelConfig& config) {
  return kernels::kPageTokens * token_kv_bytes(config);
}

// Model's buffers (model.h) of the largest step, f32, and the rows of its products in bf16.
int64_t step_bytes(const ModelConfig& config, const Workload& workload) {
  const ChunkTokens chunk = gpu_chunk_tokens(config);
  const int64_t n_rows = std::max({chunk.prefill, chunk.background, workload.n_sequences});
  const int64_t width = int64_t{config.n_heads} * config.head_dim;
  const int64_t row_floats = 2 * int64_t{config.hidden_size} + config.qkv_dim() + 2 * width +
                             3 * int64_t{config.intermediate_size};
  const int64_t row_halves = std::max<int64_t>(config.intermediate_size, config.hidden_size);
  return n_rows * (4 * row_floats + 2 * row_halves) +
         int64_t{4} * workload.n_sequences * config.vocab_size;
}

}  // namespace

int64_t gpu_matrix_bytes(WeightType type, int32_t n, int32_t k) {
  const int64_t n_weights = int64_t{n} * k;
  switch (type) {
    case WeightType::kInt8:
      return n_weights + int64_t{4} * n + (n_weights <= kSmallMatrix ? 2 * n_weights : 0);
    case WeightType::kInt4:
      return n_weights / 2 + 2 * n_weights / kernels::kInt4Group;
    case WeightType::kBf16:
      break;
  }
  return 2 * n_weights;
}

int64_t token_kv_bytes(const ModelConfig& config) {
  return int64_t{2} * config.n_layers * config.n_kv_heads * config.head_dim * 2;
}

MemoryPlan plan_memory(const ModelConfig& config, const Workload& workload) {
  const auto pages = [](int64_t n_tokens) {
    return (n_tokens + kernels::kPageTokens - 1) / kernels::kPageTokens;
  };
  const int64_t page = page_bytes(config);
  MemoryPlan plan = {.layers = config.n_layers * layer_bytes(config),
                     .vocabulary = vocabulary_bytes(config),
                     .segments = pages(workload.n_segment_tokens) * page,
                     .active = workload.n_sequences * pages(workload.n_active_tokens) * page,
                     .step = step_bytes(config, workload),
                     .library = kLibraryBytes};
  if (config.n_loops > 1) {
    const int64_t n_kept =
        std::min<int64_t>(workload.n_active_tokens, config.loop_window + kWindowKeptBehind);
    plan.loop_state = workload.n_sequences * (pages(n_kept) + 1) * page;
  }
  return plan;
}

}  // namespace rondo::engine
