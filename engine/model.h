// The forward pass: a page of reading from token ids to logits. Loop 0 is an ordinary Llama stack;
// loop 1 (LoopCoder) runs the same layers again, each mixing attention over loop 0's keys with a
// window over its own (research: IQuest-Coder-V1 report arXiv 2603.16733, vllm
// iquest_loopcoder.py).
//
// Thread: the engine thread. Owns scratch in the device's memory, and with its copies on other
// lanes the weights; borrows the device and the pages it is given. Errors: the device's status()
// tells of a GPU that failed; what a failed device computed means nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "engine/choices.h"
#include "engine/device.h"
#include "engine/model_config.h"
#include "engine/page_pool.h"
#include "engine/placed_step.h"
#include "engine/sampler.h"
#include "engine/step_graphs.h"
#include "engine/weights.h"
#include "kernels/kernels.h"

namespace rondo::engine {

// The part of a step's rows that a layer works on: each range goes to the last row.
struct LayerRows {
  int32_t keys_from = 0;  // first row whose K/V are computed
  int32_t outputs_from =
      0;  // first row that goes through attention and feed-forward; others of x stay as they are
};

// Which tokens a step of decoding feeds.
enum class StepTokens {
  kGiven,  // the step's own
  kChosen  // those that the step queued last chose, row by row; the step's own do not count
};

class Model {
 public:
  // Unavailable when the device's kernels do not take this shape.
  static Status check(const ModelConfig& config, const Device& device);
  // Errors: those of check and of Weights::load.
  static Result<Model> load(const std::string& folder, const ModelConfig& config, Device& device);

  // Random weights in the shape of `config`. Errors: as load's.
  static Result<Model> random(const ModelConfig& config, Device& device,
                              RandomLayers layers = RandomLayers::kEach);
  // The same model with scratch of its own, for what goes through another lane of its device.
  Model on(Device& lane) const { return Model(config_, weights_, lane); }

  const ModelConfig& config() const { return config_; }
  const Weights& weights() const { return *weights_; }
  Device& device() const { return *device_; }
  // What a K/V value depends on beside its tokens: weights, configuration, Device::numerics.
  Hash128 digest() const;

  // Takes the memory for steps of up to `n_rows` rows and `n_logits` rows of logits now; the
  // device's status() says if it was short.
  void reserve(int32_t n_rows, int32_t n_logits);
  // The page pool has moved: what was recorded about it does not hold.
  void forget_recordings() { graphs_.clear(); }
  // `step` for the functions below; valid until the next call and while `step` lives.
  StepView place(const Step& step) { return placed_.place(step); }
  // Room for the hidden states of a step, f32 [n_rows, C]; valid until a call with more rows.
  float* hidden(int32_t n_rows);
  // x[t] = embedding of the step's tokens[t]. x: f32 [T, C], the device's
  void embed(const StepView& step, float* x);
  // Loop `loop` (0 or 1) over the whole stack; x goes in and out. `rows`: [L]
  void run_loop(int32_t loop, const StepView& step, std::span<const LayerRows> rows,
                PagePool& pages, float* x);
  // embed and all loops, above the last layer only for rows from `first_output` on: what is left of
  // a prompt when a few tokens were typed. Recorded as a step of decoding is.
  // REQUIRES: no more than few_rows rows.
  void run_few_rows(StepView step, int32_t first_output, PagePool& pages, float* x);
  // Final norm and head. x: f32 [n_rows, C], the device's; logits: f32 [n_rows, V], the host's
  void head(const float* x, int32_t n_rows, float* logits);

  // Queues the head for one row and the choice of its token, to be taken as a step's of decoding.
  // x: f32 [1, C], the device's
  void queue_choice(const float* x, const kernels::Draw& draw);
  // Queues all of it for a step of decoding. At most Choices::kMostQueued steps may be queued whose
  // choices were not taken; on the CPU a step is done when this returns.
  // REQUIRES: after kChosen's predecessor, of as many rows, no other step of decoding was queued.
  void queue_decode(const Step& step, StepTokens tokens, PagePool& pages);
  int32_t n_queued() const { return choices_.n_queued(); }
  // Of the step that was queued first: each row's next token, as step.draws would have it, and
  // the logarithm of its probability. Waits for it. REQUIRES: n_queued() > 0.
  std::vector<Sample> take_choices() { return choices_.take(); }
  // Of the step that was queued last, when nothing else has been queued since: f32 [n_rows, V], the
  // host's.
  void read_logits(int32_t n_rows, float* logits);
  // All three for one step; logits may be null.
  std::vector<Sample> decode(const Step& step, PagePool& pages, float* logits);

 private:
  Model(ModelConfig config, std::shared_ptr<const Weights> weights, Device& device);

  void normalize(const float* x, std::span<const float> weight, int32_t n_rows);
  void project(const LayerWeights& layer, const StepView& step, const int32_t* slots,
               int32_t first_row, const kernels::KvLayer& kv, const float* x);
  void attend(const LayerWeights& layer, const StepView& step, int32_t first_row,
              const kernels::KvLayer& kv, const kernels::GatedBranch& window, float* x);
  void feed_forward(const LayerWeights& layer, int32_t n_rows, float* x);
  void compute_logits(const float* x, int32_t n_rows);
  void choose(int32_t n_rows, const kernels::Draw* draws);
  void resize_logits(int32_t n_rows);
  void resize_scratch(int32_t n_rows);
  void run_loops(const StepView& step, int32_t first_output, PagePool& pages, float* x);
  void run_decode(const StepView& step, PagePool& pages, float* x);
  StepGraphs::Key recording_key(StepView& step) const;

  ModelConfig config_;
  std::shared_ptr<const Weights> weights_;
  Device* device_;
  const kernels::Kernels* kernels_;
  kernels::Stream stream_;
  PlacedStep placed_;
  StepGraphs graphs_;
  int32_t scratch_epoch_ = 0;  // how often one of the buffers below moved

  // Scratch of the current step, T rows each.
  DeviceFloats hidden_states_;  // f32 [T, C]
  DeviceFloats normed_;         // f32 [T, C]
  DeviceFloats qkv_;            // f32 [T, (H + 2 Hk) D]
  DeviceFloats attended_;       // f32 [T, H D]
  DeviceFloats second_branch_;  // f32 [T, H D], room for GatedBranch
  DeviceFloats gate_up_;        // f32 [T, 2F]
  DeviceFloats hidden_;         // f32 [T, F]
  DeviceFloats logits_;         // f32 [T, V]
  Choices choices_;             // of T rows
  DeviceFloats first_draw_;     // Draw, of queue_choice
};

}  // namespace rondo::engine
