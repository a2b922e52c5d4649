// The forward pass: a page of reading from token ids to logits. Loop 0 is an ordinary Llama stack;
// loop 1 (LoopCoder) runs the same layers again, each mixing attention over loop 0's keys with a
// window over its own (research: IQuest-Coder-V1 report arXiv 2603.16733, vllm
// iquest_loopcoder.py).
//
// Thread: the engine thread. Owns weights and scratch; borrows kernels, threads and the pages it is
// given.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "engine/model_config.h"
#include "engine/page_pool.h"
#include "engine/weights.h"
#include "kernels/kernels.h"

namespace rondo::engine {

// The rows of one step: tokens of one or several sequences or Segments, and where each one's keys
// are.
struct Step {
  std::vector<int32_t> tokens;                 // [T]
  std::vector<int32_t> positions;              // [T] for RoPE
  std::vector<int32_t> base_slots;             // [T] where loop 0 writes its K/V; negative: nowhere
  std::vector<kernels::QuerySpan> base_spans;  // what the rows see of loop 0's K/V
  std::vector<int32_t> window_slots;           // the same for loop 1's own K/V
  std::vector<kernels::QuerySpan> window_spans;

  int32_t n_rows() const { return static_cast<int32_t>(tokens.size()); }
};

// The part of a step's rows that a layer works on: each range goes to the last row.
struct LayerRows {
  int32_t keys_from = 0;  // first row whose K/V are computed
  int32_t outputs_from =
      0;  // first row that goes through attention and feed-forward; others of x stay as they are
};

class Model {
 public:
  // Errors: those of Weights::load.
  static Result<Model> load(const std::string& folder, const ModelConfig& config,
                            const kernels::Kernels& kernels, kernels::Stream stream);

  const ModelConfig& config() const { return config_; }
  const Weights& weights() const { return weights_; }
  // What a K/V value depends on beside its tokens: weights, configuration, kernels.
  Hash128 digest() const;

  // x[t] = embedding of step.tokens[t]. x: f32 [T, C]
  void embed(const Step& step, float* x);
  // Loop `loop` (0 or 1) over the whole stack; x goes in and out. `rows`: [L]
  void run_loop(int32_t loop, const Step& step, std::span<const LayerRows> rows, PagePool& pages,
                float* x);
  // Final norm and head. x: f32 [n_rows, C], logits: f32 [n_rows, V]
  void head(const float* x, int32_t n_rows, float* logits);

 private:
  Model(ModelConfig config, Weights weights, const kernels::Kernels& kernels,
        kernels::Stream stream)
      : config_(std::move(config)),
        weights_(std::move(weights)),
        kernels_(&kernels),
        stream_(stream) {}

  void write_keys(const LayerWeights& layer, const Step& step, std::span<const int32_t> slots,
                  int32_t first_row, const kernels::KvLayer& kv, const float* x);
  void attend(const Step& step, std::span<const kernels::QuerySpan> spans, int32_t first_row,
              int32_t window, const kernels::KvLayer& kv, float* out);
  void mix_gated(const LayerWeights& layer, int32_t first_row, int32_t n_rows);
  void finish_layer(const LayerWeights& layer, int32_t first_row, int32_t n_rows, float* x);
  void resize_scratch(int32_t n_rows);

  ModelConfig config_;
  Weights weights_;
  const kernels::Kernels* kernels_;
  kernels::Stream stream_;

  // Scratch of the current step, T rows each.
  std::vector<float> normed_;   // f32 [T, C]
  std::vector<float> qkv_;      // f32 [T, (H + 2 Hk) D]
  std::vector<float> global_;   // f32 [T, H D]
  std::vector<float> local_;    // f32 [T, H D]
  std::vector<float> gate_up_;  // f32 [T, 2F]
  std::vector<float> hidden_;   // f32 [T, F]
};

}  // namespace rondo::engine
