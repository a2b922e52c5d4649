// Models whose configuration alone is in the repository: their weights are numbers that
// scripts/oracle/drawn.py draws too, bit by bit, and says how.
//
// Thread: one test.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/model_config.h"
#include "kernels/bf16.h"
#include "kernels/kernels.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {

// The tensors of a Llama or Qwen2.
class DrawnTensors {
 public:
  explicit DrawnTensors(const ModelConfig& config) : config_(config) {
    const int64_t width = config.hidden_size;
    add_floats("model.embed_tokens.weight", 0, 0.0625, {config.vocab_size, width});
    for (int32_t i = 0; i < config.n_layers; ++i)
      add_layer("model.layers." + std::to_string(i) + ".");
    add_floats("model.norm.weight", 1, 0.25, {width});
    if (!config.tied_embeddings) add_floats("lm_head.weight", 0, 0.125, {config.vocab_size, width});
  }

  const std::vector<StoredTensor>& tensors() const { return tensors_; }

 private:
  void add_layer(const std::string& layer) {
    const int64_t width = config_.hidden_size, inner = config_.intermediate_size;
    const int64_t kv_width = config_.n_kv_heads * config_.head_dim;
    add_floats(layer + "input_layernorm.weight", 1, 0.25, {width});
    for (const auto& [name, n] : {std::pair{"q", width}, {"k", kv_width}, {"v", kv_width}}) {
      const std::string module = layer + "self_attn." + name + "_proj";
      add_matrix(module, n, width);
      if (config_.qkv_bias) add_floats(module + ".bias", 0.25, 1, {n});
    }
    add_matrix(layer + "self_attn.o_proj", width, width);
    add_floats(layer + "post_attention_layernorm.weight", 1, 0.25, {width});
    add_matrix(layer + "mlp.gate_proj", inner, width);
    add_matrix(layer + "mlp.up_proj", inner, width);
    add_matrix(layer + "mlp.down_proj", width, inner);
  }

  // A layer's, in bf16 or as AWQ has it.
  void add_matrix(const std::string& module, int64_t n, int64_t k) {
    if (!config_.int4) return add_floats(module + ".weight", 0, 0.125, {n, k});
    const int64_t n_groups = k / kernels::kInt4Group;
    add(module + ".qweight", "I32", {k, n / 8}, [this] { return word(); });
    add(module + ".qzeros", "I32", {n_groups, n / 8},
        [this] { return 0x77777777 + (word() & 0x11111111); });
    // F16: an exponent of -6, the draw behind it.
    add(module + ".scales", "F16", {n_groups, n},
        [this] { return static_cast<uint16_t>((15 - 6) << 10 | (random_() & 7) << 7); });
  }

  void add_floats(const std::string& name, double mean, double spread, std::vector<int64_t> shape) {
    add(name, "BF16", std::move(shape), [&] {
      const double draw = static_cast<double>(random_()) / (1 << 30) - 1;
      return kernels::float_to_bf16(static_cast<float>(mean + spread * draw));
    });
  }

  uint32_t word() {
    const uint32_t low = random_() & 0xffff;
    return low | (random_() & 0xffff) << 16;
  }

  template <class Draw>
  void add(const std::string& name, const char* dtype, std::vector<int64_t> shape,
           const Draw& draw) {
    int64_t n = 1;
    for (const int64_t dim : shape) n *= dim;
    std::string bytes;
    for (int64_t i = 0; i < n; ++i) {
      const auto value = draw();
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    tensors_.push_back({name, dtype, std::move(shape), std::move(bytes)});
  }

  const ModelConfig& config_;
  std::minstd_rand random_{1};
  std::vector<StoredTensor> tensors_;
};

// A folder with the configuration of `folder` and its weights, which lives as long as the process.
inline std::string drawn_model(const std::string& folder) {
  static std::vector<std::unique_ptr<ScratchFolder>> drawn;
  const ScratchFolder& model = *drawn.emplace_back(std::make_unique<ScratchFolder>());
  model.write("config.json", read_file(folder + "/config.json"));
  const ModelConfig config = ModelConfig::load(model.path()).value();
  model.write("model.safetensors", safetensors_file(DrawnTensors(config).tensors()));
  return model.path();
}

}  // namespace rondo::engine
