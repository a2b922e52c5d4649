#include "engine/model.h"

#include <cmath>
#include <string_view>

#include "base/check.h"

namespace rondo::engine {
namespace {

// A launcher refuses only what breaks its contract, which would be our bug.
void launch(int code, const char* kernel) { CHECK(code == 0, kernel); }

// The most page-table entries that one of `spans` sees.
int32_t most_entries(std::span<const kernels::QuerySpan> spans) {
  int32_t n = 0;
  for (const kernels::QuerySpan& span : spans) {
    n = std::max(n, span.n_context + pages_for(span.first_slot + span.n_rows));
  }
  return n;
}

}  // namespace

Result<Model> Model::load(const std::string& folder, const ModelConfig& config,
                          const kernels::Kernels& kernels, kernels::Stream stream) {
  ASSIGN_OR_RETURN(Weights weights, Weights::load(folder, config, kernels, stream));
  return Model(config, std::move(weights), kernels, stream);
}

Hash128 Model::digest() const {
  const Hash128 model = hash_combine(config_.digest, weights_.digest());
  return hash_combine(model, hash_text(kernels_->name));
}

void Model::embed(const Step& step, float* x) {
  launch(kernels_->embed({.ids = step.tokens.data(),
                          .table = weights_.embedding(),
                          .x = x,
                          .n_rows = step.n_rows()},
                         stream_),
         "embed");
}

void Model::run_loop(int32_t loop, const Step& step, std::span<const LayerRows> rows,
                     PagePool& pages, float* x) {
  resize_scratch(step.n_rows());
  const auto& slots = loop == 0 ? step.base_slots : step.window_slots;
  for (int32_t l = 0; l < config_.n_layers; ++l) {
    const LayerWeights& layer = weights_.layers()[l];
    const kernels::KvLayer kv = pages.layer(l);
    const int32_t n_outputs = step.n_rows() - rows[l].outputs_from;
    if (rows[l].keys_from >= step.n_rows()) continue;
    write_keys(layer, step, slots, rows[l].keys_from, kv, x);
    if (n_outputs <= 0) continue;
    attend(step, step.base_spans, rows[l].outputs_from, 0, kv, global_.data());
    if (loop > 0) {
      attend(step, step.window_spans, rows[l].outputs_from, config_.loop_window, kv, local_.data());
      mix_gated(layer, rows[l].outputs_from, n_outputs);
    }
    finish_layer(layer, rows[l].outputs_from, n_outputs, x);
  }
}

void Model::write_keys(const LayerWeights& layer, const Step& step, std::span<const int32_t> slots,
                       int32_t first_row, const kernels::KvLayer& kv, const float* x) {
  const int32_t n_rows = step.n_rows() - first_row;
  const int64_t c = config_.hidden_size;
  const int64_t qkv_dim = config_.qkv_dim();
  launch(kernels_->rms_norm({.x = x + first_row * c,
                             .weight = layer.input_norm.data(),
                             .out = normed_.data(),
                             .n_rows = n_rows,
                             .dim = config_.hidden_size,
                             .eps = config_.rms_norm_eps},
                            stream_),
         "rms_norm");
  launch(kernels_->linear({.x = normed_.data(),
                           .x_stride = c,
                           .weight = layer.qkv,
                           .out = qkv_.data() + first_row * qkv_dim,
                           .out_stride = qkv_dim,
                           .n_rows = n_rows},
                          stream_),
         "linear");
  launch(kernels_->rope_store({.qkv = qkv_.data() + first_row * qkv_dim,
                               .positions = step.positions.data() + first_row,
                               .slots = slots.data() + first_row,
                               .kv = kv,
                               .n_rows = n_rows,
                               .n_heads = config_.n_heads,
                               .n_kv_heads = config_.n_kv_heads,
                               .head_dim = config_.head_dim,
                               .theta = config_.rope_theta},
                              stream_),
         "rope_store");
}

void Model::attend(const Step& step, std::span<const kernels::QuerySpan> spans, int32_t first_row,
                   int32_t window, const kernels::KvLayer& kv, float* out) {
  launch(kernels_->attention({.q = qkv_.data(),
                              .q_stride = config_.qkv_dim(),
                              .out = out,
                              .spans = spans.data(),
                              .n_spans = static_cast<int32_t>(spans.size()),
                              .first_row = first_row,
                              .n_rows = step.n_rows() - first_row,
                              .n_entries = most_entries(spans),
                              .kv = kv,
                              .n_heads = config_.n_heads,
                              .n_kv_heads = config_.n_kv_heads,
                              .head_dim = config_.head_dim,
                              .window = window,
                              .scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim))},
                             stream_),
         "attention");
}

void Model::mix_gated(const LayerWeights& layer, int32_t first_row, int32_t n_rows) {
  const int64_t width = config_.n_heads * config_.head_dim;
  launch(kernels_->gate_mix({.q = qkv_.data() + first_row * static_cast<int64_t>(config_.qkv_dim()),
                             .q_stride = config_.qkv_dim(),
                             .weight = layer.loop_gate.data(),
                             .bias = layer.loop_gate_bias.data(),
                             .global = global_.data() + first_row * width,
                             .local = local_.data() + first_row * width,
                             .out = global_.data() + first_row * width,
                             .n_rows = n_rows,
                             .n_heads = config_.n_heads,
                             .head_dim = config_.head_dim},
                            stream_),
         "gate_mix");
}

void Model::finish_layer(const LayerWeights& layer, int32_t first_row, int32_t n_rows, float* x) {
  const int64_t c = config_.hidden_size;
  const int64_t width = config_.n_heads * config_.head_dim;
  const int64_t f = config_.intermediate_size;
  x += first_row * c;
  launch(kernels_->linear({.x = global_.data() + first_row * width,
                           .x_stride = width,
                           .weight = layer.o,
                           .out = x,
                           .out_stride = c,
                           .n_rows = n_rows,
                           .accumulate = true},
                          stream_),
         "linear");
  launch(kernels_->rms_norm({.x = x,
                             .weight = layer.post_norm.data(),
                             .out = normed_.data(),
                             .n_rows = n_rows,
                             .dim = config_.hidden_size,
                             .eps = config_.rms_norm_eps},
                            stream_),
         "rms_norm");
  launch(kernels_->linear({.x = normed_.data(),
                           .x_stride = c,
                           .weight = layer.gate_up,
                           .out = gate_up_.data(),
                           .out_stride = 2 * f,
                           .n_rows = n_rows},
                          stream_),
         "linear");
  launch(kernels_->swiglu({.gate_up = gate_up_.data(),
                           .out = hidden_.data(),
                           .n_rows = n_rows,
                           .dim = config_.intermediate_size},
                          stream_),
         "swiglu");
  launch(kernels_->linear({.x = hidden_.data(),
                           .x_stride = f,
                           .weight = layer.down,
                           .out = x,
                           .out_stride = c,
                           .n_rows = n_rows,
                           .accumulate = true},
                          stream_),
         "linear");
}

void Model::head(const float* x, int32_t n_rows, float* logits) {
  resize_scratch(n_rows);
  launch(kernels_->rms_norm({.x = x,
                             .weight = weights_.final_norm().data(),
                             .out = normed_.data(),
                             .n_rows = n_rows,
                             .dim = config_.hidden_size,
                             .eps = config_.rms_norm_eps},
                            stream_),
         "rms_norm");
  launch(kernels_->linear({.x = normed_.data(),
                           .x_stride = config_.hidden_size,
                           .weight = weights_.head(),
                           .out = logits,
                           .out_stride = config_.vocab_size,
                           .n_rows = n_rows},
                          stream_),
         "linear");
}

void Model::resize_scratch(int32_t n_rows) {
  const auto grow = [n_rows](std::vector<float>& buffer, int64_t width) {
    if (static_cast<int64_t>(buffer.size()) < n_rows * width) buffer.resize(n_rows * width);
  };
  grow(normed_, config_.hidden_size);
  grow(qkv_, config_.qkv_dim());
  grow(global_, config_.n_heads * config_.head_dim);
  grow(local_, config_.n_heads * config_.head_dim);
  grow(gate_up_, 2 * config_.intermediate_size);
  grow(hidden_, config_.intermediate_size);
}

}  // namespace rondo::engine
