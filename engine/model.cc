#include "engine/model.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

namespace rondo::engine {
namespace {

constexpr int32_t kLeastEntries = 64;  // of a page table that a recording is made for

}  // namespace

Status Model::check(const ModelConfig& config, const Device& device) {
  const int32_t max_head_dim = device.backend().info.max_head_dim;
  if (device.is_cpu() || (config.head_dim <= max_head_dim && config.head_dim % 8 == 0)) return {};
  return unavailable_error(device.name() + " takes heads of up to " + std::to_string(max_head_dim) +
                           " elements in steps of 8; this model's have " +
                           std::to_string(config.head_dim));
}

Result<Model> Model::load(const std::string& folder, const ModelConfig& config, Device& device) {
  RETURN_IF_ERROR(check(config, device));
  ASSIGN_OR_RETURN(Weights weights, Weights::load(folder, config, device));
  return Model(config, std::make_shared<const Weights>(std::move(weights)), device);
}

Result<Model> Model::random(const ModelConfig& config, Device& device, RandomLayers layers) {
  RETURN_IF_ERROR(check(config, device));
  ASSIGN_OR_RETURN(Weights weights, Weights::random(config, device, layers));
  return Model(config, std::make_shared<const Weights>(std::move(weights)), device);
}

Model::Model(ModelConfig config, std::shared_ptr<const Weights> weights, Device& device)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      device_(&device),
      kernels_(&device.kernels()),
      stream_(device.stream()),
      placed_(device),
      graphs_(device),
      hidden_states_(device),
      normed_(device),
      qkv_(device),
      attended_(device),
      second_branch_(device),
      gate_up_(device),
      hidden_(device),
      logits_(device),
      choices_(device),
      first_draw_(device) {}

Hash128 Model::digest() const {
  const Hash128 model = hash_combine(config_.digest, weights_->digest());
  return hash_combine(model, hash_text(device_->numerics()));
}

void Model::reserve(int32_t n_rows, int32_t n_logits) {
  resize_scratch(n_rows);
  resize_logits(n_logits);
}

float* Model::hidden(int32_t n_rows) {
  resize_scratch(n_rows);
  return hidden_states_.data();
}

void Model::embed(const StepView& step, float* x) {
  if (!device_->ok()) return;
  device_->launched(
      kernels_->embed(
          {.ids = step.tokens, .table = weights_->embedding(), .x = x, .n_rows = step.n_rows},
          stream_),
      "embed");
}

void Model::run_loop(int32_t loop, const StepView& step, std::span<const LayerRows> rows,
                     PagePool& pages, float* x) {
  resize_scratch(step.n_rows);
  if (!device_->ok()) return;
  const int32_t* slots = loop == 0 ? step.base.slots : step.window.slots;
  for (int32_t l = 0; l < config_.n_layers; ++l) {
    const LayerWeights& layer = weights_->layers()[l];
    const kernels::KvLayer kv = pages.layer(l);
    const int32_t n_outputs = step.n_rows - rows[l].outputs_from;
    if (rows[l].keys_from >= step.n_rows) continue;
    project(layer, step, slots, rows[l].keys_from, kv, x);
    if (n_outputs <= 0) continue;
    kernels::GatedBranch window;
    if (loop > 0) {
      window = {.spans = step.window.spans,
                .n_spans = step.window.n_spans,
                .n_entries = step.window.n_entries,
                .window = config_.loop_window,
                .weight = layer.loop_gate.data(),
                .bias = layer.loop_gate_bias.data(),
                .room = second_branch_.data()};
    }
    attend(layer, step, rows[l].outputs_from, kv, window, x);
    feed_forward(layer, n_outputs, x + rows[l].outputs_from * int64_t{config_.hidden_size});
  }
}

// normed_ = the norm of x
void Model::normalize(const float* x, std::span<const float> weight, int32_t n_rows) {
  device_->launched(kernels_->rms_norm({.x = x,
                                        .weight = weight.data(),
                                        .out = normed_.data(),
                                        .n_rows = n_rows,
                                        .dim = config_.hidden_size,
                                        .eps = config_.rms_norm_eps},
                                       stream_),
                    "rms_norm");
}

// Queries into qkv_, keys and values into the pages.
void Model::project(const LayerWeights& layer, const StepView& step, const int32_t* slots,
                    int32_t first_row, const kernels::KvLayer& kv, const float* x) {
  const kernels::RopeStoreParams rope = {
      .qkv = qkv_.data() + first_row * int64_t{config_.qkv_dim()},
      .bias = layer.qkv_bias.data(),
      .positions = step.positions + first_row,
      .slots = slots + first_row,
      .kv = kv,
      .n_rows = step.n_rows - first_row,
      .n_heads = config_.n_heads,
      .n_kv_heads = config_.n_kv_heads,
      .head_dim = config_.head_dim,
      .theta = config_.rope_theta,
      .factor = config_.rope_factor};
  device_->launched(kernels_->qkv({.x = x + first_row * int64_t{config_.hidden_size},
                                   .norm_weight = layer.input_norm.data(),
                                   .eps = config_.rms_norm_eps,
                                   .weight = layer.qkv,
                                   .normed = normed_.data(),
                                   .rope = rope},
                                  stream_),
                    "qkv");
}

// x += o(attention to loop 0's keys, mixed with `window` where that has spans), from first_row on
void Model::attend(const LayerWeights& layer, const StepView& step, int32_t first_row,
                   const kernels::KvLayer& kv, const kernels::GatedBranch& window, float* x) {
  const kernels::AttentionParams attention = {
      .q = qkv_.data(),
      .q_stride = config_.qkv_dim(),
      .out = attended_.data(),
      .spans = step.base.spans,
      .n_spans = step.base.n_spans,
      .first_row = first_row,
      .n_rows = step.n_rows - first_row,
      .n_entries = step.base.n_entries,
      .kv = kv,
      .n_heads = config_.n_heads,
      .n_kv_heads = config_.n_kv_heads,
      .head_dim = config_.head_dim,
      .scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim)),
      .second = window};
  device_->launched(kernels_->attend({.attention = attention, .o = layer.o, .x = x}, stream_),
                    "attend");
}

void Model::feed_forward(const LayerWeights& layer, int32_t n_rows, float* x) {
  device_->launched(kernels_->feed_forward({.x = x,
                                            .norm_weight = layer.post_norm.data(),
                                            .eps = config_.rms_norm_eps,
                                            .gate_up = layer.gate_up,
                                            .down = layer.down,
                                            .normed = normed_.data(),
                                            .gate_up_rows = gate_up_.data(),
                                            .hidden = hidden_.data(),
                                            .n_rows = n_rows},
                                           stream_),
                    "feed_forward");
}

void Model::head(const float* x, int32_t n_rows, float* logits) {
  resize_logits(n_rows);
  compute_logits(x, n_rows);
  read_logits(n_rows, logits);
}

void Model::read_logits(int32_t n_rows, float* logits) {
  device_->download(logits, logits_.data(),
                    int64_t{n_rows} * config_.vocab_size * static_cast<int64_t>(sizeof(float)));
}

void Model::resize_logits(int32_t n_rows) {
  resize_scratch(n_rows);
  scratch_epoch_ += logits_.resize(std::max(logits_.size(), int64_t{n_rows} * config_.vocab_size));
}

std::vector<Sample> Model::decode(const Step& step, PagePool& pages, float* logits) {
  queue_decode(step, StepTokens::kGiven, pages);
  if (logits != nullptr) read_logits(step.n_rows(), logits);
  return take_choices();
}

void Model::queue_choice(const float* x, const kernels::Draw& draw) {
  resize_logits(1);
  scratch_epoch_ += choices_.make_room(1);
  first_draw_.resize((sizeof(draw) + sizeof(float) - 1) / sizeof(float));
  if (device_->ok()) device_->upload(first_draw_.data(), &draw, sizeof(draw));
  compute_logits(x, 1);
  choose(1, reinterpret_cast<const kernels::Draw*>(first_draw_.data()));
  choices_.sent(1);
}

void Model::queue_decode(const Step& step, StepTokens tokens, PagePool& pages) {
  StepView view = place(step);
  float* x = hidden(step.n_rows());
  resize_logits(step.n_rows());
  scratch_epoch_ += choices_.make_room(step.n_rows());
  if (device_->ok()) {
    // A row's token stands where its choice will, for the next step to find it there.
    if (tokens == StepTokens::kGiven)
      device_->copy(choices_.ids(), view.tokens, view.n_rows * int64_t{sizeof(int32_t)});
    view.tokens = choices_.ids();
    if (device_->is_cpu()) {
      run_decode(view, pages, x);
    } else {
      StepGraphs::Key key = recording_key(view);
      key.first_output = StepGraphs::kDecodes;
      key.choices_place = choices_.place_index();
      key.draws = view.draws != nullptr;
      graphs_.run(key, [&] { run_decode(view, pages, x); });
    }
  }
  choices_.sent(step.n_rows());
}

// What a recording of `step` depends on; `step` becomes one that the recording serves.
StepGraphs::Key Model::recording_key(StepView& step) const {
  // Rows see a few entries more every step: one recording serves up to the next power of two.
  for (LoopView* seen : {&step.base, &step.window})
    seen->n_entries =
        std::bit_ceil(static_cast<uint32_t>(std::max(seen->n_entries, kLeastEntries)));
  return {.n_rows = step.n_rows,
          .n_base_spans = step.base.n_spans,
          .n_window_spans = step.window.n_spans,
          .n_base_entries = step.base.n_entries,
          .n_window_entries = step.window.n_entries,
          .step_epoch = placed_.epoch(),
          .scratch_epoch = scratch_epoch_,
          .shares = device_->shares()};
}

void Model::run_few_rows(StepView step, int32_t first_output, PagePool& pages, float* x) {
  if (device_->is_cpu()) return run_loops(step, first_output, pages, x);
  StepGraphs::Key key = recording_key(step);
  key.first_output = first_output;
  graphs_.run(key, [&] { run_loops(step, first_output, pages, x); });
}

void Model::run_loops(const StepView& step, int32_t first_output, PagePool& pages, float* x) {
  std::vector<LayerRows> rows(config_.n_layers);
  embed(step, x);
  for (int32_t loop = 0; loop < config_.n_loops; ++loop) {
    if (loop == config_.n_loops - 1) rows.back().outputs_from = first_output;
    run_loop(loop, step, rows, pages, x);
  }
}

// Embedding, all loops over all rows, logits into logits_, what is chosen of them into choices_.
void Model::run_decode(const StepView& step, PagePool& pages, float* x) {
  run_loops(step, 0, pages, x);
  compute_logits(x, step.n_rows);
  choose(step.n_rows, step.draws);
}

void Model::choose(int32_t n_rows, const kernels::Draw* draws) {
  if (!device_->ok()) return;
  device_->launched(kernels_->choose({.logits = logits_.data(),
                                      .draws = draws,
                                      .ids = choices_.ids(),
                                      .choices = choices_.place(),
                                      .n_rows = n_rows,
                                      .n_vocabulary = config_.vocab_size},
                                     stream_),
                    "choose");
}

// Into logits_.
void Model::compute_logits(const float* x, int32_t n_rows) {
  if (!device_->ok()) return;
  normalize(x, weights_->final_norm(), n_rows);
  const kernels::PackedMatrix& head = weights_->head();
  device_->launched(kernels_->linear({.x = normed_.data(),
                                      .x_stride = head.k,
                                      .weight = head,
                                      .out = logits_.data(),
                                      .out_stride = head.n,
                                      .n_rows = n_rows},
                                     stream_),
                    "linear");
}

void Model::resize_scratch(int32_t n_rows) {
  const auto grow = [this, n_rows](DeviceFloats& buffer, int64_t width) {
    scratch_epoch_ += buffer.resize(std::max(buffer.size(), n_rows * width));
  };
  grow(hidden_states_, config_.hidden_size);
  grow(normed_, config_.hidden_size);
  grow(qkv_, config_.qkv_dim());
  grow(attended_, config_.n_heads * config_.head_dim);
  grow(second_branch_, config_.n_heads * config_.head_dim);
  grow(gate_up_, 2 * config_.intermediate_size);
  grow(hidden_, config_.intermediate_size);
}

}  // namespace rondo::engine
