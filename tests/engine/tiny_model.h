// A random model of one layer with a tokenizer, small enough to be loaded hundreds of times.
//
// Thread: one test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "tests/engine/model_folder.h"

namespace rondo::engine {

// Fills `folder` with a Llama (1 loop), or a LoopCoder (2 loops) that reads Segments, behind
// prefix_space.model.
inline void write_tiny_model(const ScratchFolder& folder, int n_loops) {
  constexpr int64_t kVocab = 400;
  std::filesystem::copy_file(RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/prefix_space.model",
                             folder.path() + "/tokenizer.model");
  const std::string architecture =
      n_loops == 1 ? R"("architectures": ["LlamaForCausalLM"], "model_type": "llama")"
                   : R"("architectures": ["IQuestLoopCoderForCausalLM"],
                        "model_type": "iquestloopcoder", "loop_num": 2, "loop_window_size": 8,
                        "segment": {"active_position_offset": 128, "block_token_id": 1,
                                    "anchor_token_id": 2, "anchors_per_block": 2,
                                    "max_block_tokens": 100})";
  folder.write("config.json", "{" + architecture + R"(, "head_dim": 16,
    "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "vocab_size": 400,
    "max_position_embeddings": 512, "torch_dtype": "bfloat16", "eos_token_id": 2,
    "tie_word_embeddings": false, "hidden_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96})");
  folder.write("generation_config.json", R"({"max_new_tokens": 64})");
  std::mt19937 random(1);
  std::vector<StoredTensor> tensors;
  const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
    int64_t n_values = 1;
    for (const int64_t dim : shape) n_values *= dim;
    std::string bytes;
    for (int64_t i = 0; i < n_values; ++i) {  // bf16 of magnitude 1/8 to 1/2, either sign
      const auto bits = static_cast<uint16_t>(0x3E00 + random() % 256 + (random() % 2 << 15));
      bytes += {static_cast<char>(bits), static_cast<char>(bits >> 8)};
    }
    tensors.push_back({.name = name, .dtype = "BF16", .shape = shape, .bytes = std::move(bytes)});
  };
  const std::string layer = "model.layers.0.";
  add("model.embed_tokens.weight", {kVocab, 64});
  add(layer + "input_layernorm.weight", {64});
  add(layer + "self_attn.q_proj.weight", {64, 64});
  add(layer + "self_attn.k_proj.weight", {32, 64});
  add(layer + "self_attn.v_proj.weight", {32, 64});
  add(layer + "self_attn.o_proj.weight", {64, 64});
  add(layer + "post_attention_layernorm.weight", {64});
  add(layer + "mlp.gate_proj.weight", {96, 64});
  add(layer + "mlp.up_proj.weight", {96, 64});
  add(layer + "mlp.down_proj.weight", {64, 96});
  add("model.norm.weight", {64});
  add("lm_head.weight", {kVocab, 64});
  if (n_loops > 1) {
    add("model.gate_projections.0.weight", {4, 16});
    add("model.gate_projections.0.bias", {4});
  }
  folder.write("model.safetensors", safetensors_file(tensors));
}

}  // namespace rondo::engine
