// What serving a model takes of a device's memory, counted before anything is allocated.
//
// Thread: pure functions. Units: bytes.
#pragma once

#include <cstdint>

#include "engine/model_config.h"
#include "kernels/kernels.h"

namespace rondo::engine {

// What is served at once.
struct Workload {
  int32_t n_sequences = 1;        // that decode together
  int64_t n_segment_tokens = 0;   // that each of them composes, held once for all
  int64_t n_active_tokens = 512;  // of each one's own, its answer included
};

struct MemoryPlan {
  int64_t layers = 0;      // their weights
  int64_t vocabulary = 0;  // embedding, final norm and head
  int64_t segments = 0;    // base pages of the Segments
  int64_t active = 0;      // base pages of the sequences
  int64_t loop_state = 0;  // window pages of the sequences
  int64_t step = 0;        // hidden states and logits of the largest step
  int64_t library = 0;     // what driver, cuBLAS and kernels keep of a GPU's memory

  int64_t weights() const { return layers + vocabulary; }
  int64_t kv() const { return segments + active + loop_state; }  // the page pool
  int64_t total() const { return weights() + kv() + step + library; }
};

// Of a GPU; the types of the weights are config.weight_format's.
MemoryPlan plan_memory(const ModelConfig& config, const Workload& workload);
// Of the CPU's memory, by the kernels `table`.
MemoryPlan plan_memory(const ModelConfig& config, const Workload& workload,
                       const kernels::Kernels& table);

// Bytes of a [n, k] matrix as the CUDA table packs it (kernels/cuda/matrix.h), to within padding.
int64_t gpu_matrix_bytes(kernels::WeightType type, int32_t n, int32_t k);

// Keys and values of one token in one loop, bf16.
int64_t token_kv_bytes(const ModelConfig& config);

}  // namespace rondo::engine
