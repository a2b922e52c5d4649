// Generation by a model whose tokenizer begins every text with a space: what is generated continues
// a text, so no space is taken off it and none is put before the word that has to be spelled.
#include <gtest/gtest.h>

#include <future>
#include <random>

#include "engine/engine.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

constexpr int64_t kVocab = 400;

// A random Llama of one layer behind prefix_space.model.
std::unique_ptr<Engine> load_tiny(const ScratchFolder& folder) {
  std::filesystem::copy_file(RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/prefix_space.model",
                             folder.path() + "/tokenizer.model");
  folder.write("config.json", R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
    "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "vocab_size": 400,
    "max_position_embeddings": 512, "torch_dtype": "bfloat16", "eos_token_id": 2,
    "tie_word_embeddings": false, "hidden_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96})");
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
  folder.write("model.safetensors", safetensors_file(tensors));
  return Engine::load({.model = folder.path(), .kv_bytes = 1 << 20}).value();
}

TEST(PrefixSpace, GeneratedTextGainsAndLosesNoSpace) {
  const ScratchFolder folder;
  const auto engine = load_tiny(folder);
  const Tokenizer& tokenizer = engine->tokenizer();
  ASSERT_TRUE(tokenizer.adds_prefix_space());
  int n_with_space = 0;
  for (const std::string healing : {"", "re", " re"}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      std::promise<Completion> promise;
      Request request = {.prompt = tokenizer.encode("x ="), .healing = healing};
      request.sampling = {.temperature = 1.0f, .seed = seed};
      request.stop.max_tokens = 6;
      request.on_done = [&](Result<Completion> done) {
        promise.set_value(std::move(done).value());
      };
      engine->submit(std::move(request));
      const Completion completion = promise.get_future().get();
      std::string bytes;
      for (const int32_t id : completion.tokens) bytes += tokenizer.token_bytes(id);
      EXPECT_EQ(healing + completion.text, bytes);
      n_with_space += completion.text.starts_with(' ');
    }
  }
  EXPECT_GT(n_with_space, 0);
}

}  // namespace
}  // namespace rondo::engine
