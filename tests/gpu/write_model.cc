// Writes a model folder with random weights in a published shape (engine/named_configs.h), to
// measure how fast such a folder is loaded.
//
// usage: write_model iquest-7b FOLDER
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/named_configs.h"
#include "engine/safetensors_writer.h"

namespace rondo::bench {
namespace {

// Every tensor a piece of the same random bf16 values, again and again.
class Tensors {
 public:
  Tensors() : values_(1 << 20) {
    std::minstd_rand random(1);
    // The sign, the exponent of [2^-7, 2^-6), seven random bits.
    for (uint16_t& value : values_) value = static_cast<uint16_t>((random() & 0x807f) | 0x3c00);
  }

  void add(const std::string& name, std::vector<int64_t> shape) {
    tensors_.push_back({.name = name,
                        .dtype = engine::DType::kBf16,
                        .shape = std::move(shape),
                        .fill = [this](std::span<std::byte> out) {
                          const auto from = std::as_bytes(std::span(values_));
                          for (size_t at = 0; at < out.size(); at += from.size())
                            std::memcpy(out.data() + at, from.data(),
                                        std::min(from.size(), out.size() - at));
                          return Status();
                        }});
  }
  std::vector<engine::TensorToWrite> take() { return std::move(tensors_); }

 private:
  std::vector<uint16_t> values_;
  std::vector<engine::TensorToWrite> tensors_;
};

Json config_json(const engine::ModelConfig& config) {
  return {{"architectures", {config.qkv_bias ? "Qwen2ForCausalLM" : "LlamaForCausalLM"}},
          {"model_type", config.qkv_bias ? "qwen2" : "llama"},
          {"hidden_act", "silu"},
          {"torch_dtype", "bfloat16"},
          {"eos_token_id", 2},
          {"tie_word_embeddings", config.tied_embeddings},
          {"vocab_size", config.vocab_size},
          {"hidden_size", config.hidden_size},
          {"num_hidden_layers", config.n_layers},
          {"num_attention_heads", config.n_heads},
          {"num_key_value_heads", config.n_kv_heads},
          {"head_dim", config.head_dim},
          {"intermediate_size", config.intermediate_size},
          {"max_position_embeddings", config.max_positions},
          {"rms_norm_eps", config.rms_norm_eps},
          {"rope_theta", config.rope_theta}};
}

Status write_model(const std::string& shape, const std::string& folder) {
  ASSIGN_OR_RETURN(const engine::ModelConfig config, engine::named_config(shape, 0));
  if (config.n_loops > 1) return invalid_argument_error("shapes of LoopCoder cannot be written");
  const int64_t c = config.hidden_size, f = config.intermediate_size, v = config.vocab_size;
  const int64_t width = config.n_heads * config.head_dim;
  const int64_t kv_width = config.n_kv_heads * config.head_dim;
  Tensors tensors;
  tensors.add("model.embed_tokens.weight", {v, c});
  tensors.add("model.norm.weight", {c});
  if (!config.tied_embeddings) tensors.add("lm_head.weight", {v, c});
  for (int32_t i = 0; i < config.n_layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    tensors.add(layer + "input_layernorm.weight", {c});
    tensors.add(layer + "self_attn.q_proj.weight", {width, c});
    tensors.add(layer + "self_attn.k_proj.weight", {kv_width, c});
    tensors.add(layer + "self_attn.v_proj.weight", {kv_width, c});
    if (config.qkv_bias) {
      tensors.add(layer + "self_attn.q_proj.bias", {width});
      tensors.add(layer + "self_attn.k_proj.bias", {kv_width});
      tensors.add(layer + "self_attn.v_proj.bias", {kv_width});
    }
    tensors.add(layer + "self_attn.o_proj.weight", {c, width});
    tensors.add(layer + "post_attention_layernorm.weight", {c});
    tensors.add(layer + "mlp.gate_proj.weight", {f, c});
    tensors.add(layer + "mlp.up_proj.weight", {f, c});
    tensors.add(layer + "mlp.down_proj.weight", {c, f});
  }
  RETURN_IF_ERROR(engine::write_file(folder + "/config.json", config_json(config).dump()));
  return engine::write_shards(folder, tensors.take(), {.max_shard_bytes = 5'000'000'000});
}

}  // namespace
}  // namespace rondo::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s SHAPE FOLDER (iquest-7b, qwen2.5-coder-7b, ..)\n", argv[0]);
    return 2;
  }
  const rondo::Status status = rondo::bench::write_model(argv[1], argv[2]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
