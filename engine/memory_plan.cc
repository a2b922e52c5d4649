#include "engine/memory_plan.h"

#include <algorithm>

#include "engine/chunk_tokens.h"
#include "engine/page_pool.h"
#include "engine/prefill.h"

namespace rondo::engine {
namespace {

using kernels::WeightType;

// Of an H100 with CUDA 13: 566 MiB of the driver's context and modules, and two workspaces of
// cuBLAS.
constexpr int64_t kLibraryBytes = int64_t{630} << 20;
// int8 matrices of so many weights and fewer are kept in bf16 too (kernels/cuda/matrix.h).
constexpr int64_t kSmallMatrix = 16 << 20;

WeightType layer_type(const ModelConfig& config) {
  switch (config.weight_format) {
    case WeightFormat::kInt8Channel:
      return WeightType::kInt8;
    case WeightFormat::kInt4Group:
      return config.int4 && config.int4->has_zeros ? WeightType::kInt4Zeros : WeightType::kInt4;
    case WeightFormat::kBf16:
      break;
  }
  return WeightType::kBf16;
}

// Embedding and head stay in bf16 beside int4 layers.
WeightType vocabulary_type(const ModelConfig& config) {
  const WeightType type = layer_type(config);
  return kernels::is_int4(type) ? WeightType::kBf16 : type;
}

// What a plan asks of a device.
struct Target {
  int64_t (*matrix_bytes)(WeightType type, int32_t n, int32_t k);
  kernels::KvType kv_type;
  ChunkTokens chunk;
  bool is_gpu;
};

int64_t layer_bytes(const ModelConfig& config, const Target& target) {
  const WeightType type = layer_type(config);
  const int32_t width = config.n_heads * config.head_dim;
  int64_t bytes = target.matrix_bytes(type, config.qkv_dim(), config.hidden_size) +
                  target.matrix_bytes(type, config.hidden_size, width) +
                  target.matrix_bytes(type, 2 * config.intermediate_size, config.hidden_size) +
                  target.matrix_bytes(type, config.hidden_size, config.intermediate_size) +
                  int64_t{4} * 2 * config.hidden_size;
  if (config.qkv_bias) bytes += int64_t{4} * config.qkv_dim();
  if (config.architecture == Architecture::kLoopCoder)
    bytes += int64_t{4} * (width + config.n_heads);
  return bytes;
}

// The head, packed, of tied ones too; the final norm; the embedding as the checkpoint has it, which
// the CPU reads from the file.
int64_t vocabulary_bytes(const ModelConfig& config, const Target& target) {
  const WeightType type = vocabulary_type(config);
  int64_t bytes = target.matrix_bytes(type, config.vocab_size, config.hidden_size) +
                  int64_t{4} * config.hidden_size;
  if (target.is_gpu) {
    const bool is_int8 = type == WeightType::kInt8;
    bytes +=
        int64_t{config.vocab_size} * (is_int8 ? config.hidden_size + 2 : 2 * config.hidden_size);
  }
  return bytes;
}

// Model's buffers (model.h) for a step of so many rows, f32.
int64_t rows_bytes(const ModelConfig& config, int64_t n_rows) {
  const int64_t width = int64_t{config.n_heads} * config.head_dim;
  const int64_t row_floats = 2 * int64_t{config.hidden_size} + config.qkv_dim() + 2 * width +
                             3 * int64_t{config.intermediate_size};
  return n_rows * 4 * row_floats;
}

int64_t chunk_rows(const Target& target) {
  return std::max(target.chunk.prefill, target.chunk.background);
}

// Steps of decoding and chunks have buffers of their own where they run side by side.
int64_t step_bytes(const ModelConfig& config, const Workload& workload, const Target& target) {
  const int64_t n_chunk = chunk_rows(target);
  const int64_t n_logits = int64_t{4} * config.vocab_size;
  if (!target.is_gpu) {
    return rows_bytes(config, std::max<int64_t>(n_chunk, workload.n_sequences)) +
           workload.n_sequences * n_logits;
  }
  return rows_bytes(config, n_chunk) + rows_bytes(config, workload.n_sequences) +
         (1 + workload.n_sequences) * n_logits;
}

// What driver and cuBLAS keep, and a chunk's products, whose rows are in bf16.
int64_t library_bytes(const ModelConfig& config, const Target& target) {
  if (!target.is_gpu) return 0;
  const int32_t widest = std::max(config.intermediate_size, config.hidden_size);
  return kLibraryBytes + 2 * chunk_rows(target) * widest;
}

MemoryPlan plan(const ModelConfig& config, const Workload& workload, const Target& target) {
  const auto pages = [](int64_t n_tokens) {
    return (n_tokens + kernels::kPageTokens - 1) / kernels::kPageTokens;
  };
  const int64_t page =
      kernels::kPageTokens * token_kv_bytes(config) * kernels::kv_type_bytes(target.kv_type) / 2;
  MemoryPlan plan = {.layers = config.n_layers * layer_bytes(config, target),
                     .vocabulary = vocabulary_bytes(config, target),
                     .segments = pages(workload.n_segment_tokens) * page,
                     .active = workload.n_sequences * pages(workload.n_active_tokens) * page,
                     .step = step_bytes(config, workload, target),
                     .library = library_bytes(config, target)};
  if (config.n_loops > 1) {
    const int64_t n_kept =
        std::min<int64_t>(workload.n_active_tokens, config.loop_window + kWindowKeptBehind);
    plan.loop_state = workload.n_sequences * (pages(n_kept) + 1) * page;
  }
  return plan;
}

}  // namespace

int64_t gpu_matrix_bytes(WeightType type, int32_t n, int32_t k) {
  const int64_t n_weights = int64_t{n} * k;
  switch (type) {
    case WeightType::kInt8:
      return n_weights + int64_t{4} * n + (n_weights <= kSmallMatrix ? 2 * n_weights : 0);
    case WeightType::kInt4:
      return n_weights / 2 + 2 * n_weights / kernels::kInt4Group;
    case WeightType::kInt4Zeros:
      return n_weights / 2 + 4 * n_weights / kernels::kInt4Group;
    case WeightType::kBf16:
      break;
  }
  return 2 * n_weights;
}

int64_t token_kv_bytes(const ModelConfig& config) {
  return int64_t{2} * config.n_layers * config.n_kv_heads * config.head_dim * 2;
}

MemoryPlan plan_memory(const ModelConfig& config, const Workload& workload) {
  return plan(config, workload,
              {.matrix_bytes = gpu_matrix_bytes,
               .kv_type = kernels::KvType::kBf16,
               .chunk = gpu_chunk_tokens(config),
               .is_gpu = true});
}

MemoryPlan plan_memory(const ModelConfig& config, const Workload& workload,
                       const kernels::Kernels& table) {
  return plan(config, workload,
              {.matrix_bytes = table.packed_bytes,
               .kv_type = table.kv_type,
               .chunk = cpu_chunk_tokens(),
               .is_gpu = false});
}

}  // namespace rondo::engine
