#include "engine/named_configs.h"

#include <optional>
#include <string_view>

namespace rondo::engine {
namespace {

// What the models of a family share.
struct Family {
  int32_t max_positions;
  float eps, theta;
  bool qkv_bias = false;
};
constexpr Family kLoopCoder = {8192, 1e-5f, 500000};
constexpr Family kIquest = {131072, 1e-5f, 500000};
constexpr Family kQwen = {.max_positions = 32768, .eps = 1e-6f, .theta = 1e6f, .qkv_bias = true};

struct Shape {
  std::string_view name;
  const Family& family;
  int32_t hidden, layers, heads, kv_heads, head_dim, ffn, vocab;
  int32_t n_loops = 1;
  bool tied_embeddings = false;
};

// models/loopcoder-mini/config.json; arXiv 2603.16733, table 1 (IQuest), and arXiv 2409.12186,
// table 1 (Qwen2.5-Coder; its intermediate size of 3B and the vocabularies, which are padded, are
// those of the config.json files on Hugging Face).
constexpr Shape kShapes[] = {
    {"loopcoder-mini", kLoopCoder, 640, 10, 10, 2, 64, 1792, 16384, 2},
    {"iquest-7b", kIquest, 5120, 14, 40, 8, 128, 27648, 76800},
    {"iquest-14b", kIquest, 5120, 28, 40, 8, 128, 27648, 76800},
    {"iquest-40b", kIquest, 5120, 80, 40, 8, 128, 27648, 76800},
    {"iquest-40b-loop", kIquest, 5120, 80, 40, 8, 128, 27648, 76800, 2},
    {"qwen2.5-coder-0.5b", kQwen, 896, 24, 14, 2, 64, 4864, 151936, 1, true},
    {"qwen2.5-coder-1.5b", kQwen, 1536, 28, 12, 2, 128, 8960, 151936, 1, true},
    {"qwen2.5-coder-3b", kQwen, 2048, 36, 16, 2, 128, 11008, 151936, 1, true},
    {"qwen2.5-coder-7b", kQwen, 3584, 28, 28, 4, 128, 18944, 152064},
    {"qwen2.5-coder-14b", kQwen, 5120, 48, 40, 8, 128, 13824, 152064},
    {"qwen2.5-coder-32b", kQwen, 5120, 64, 40, 8, 128, 27648, 152064},
};

ModelConfig config_of(const Shape& shape) {
  ModelConfig config;
  config.vocab_size = shape.vocab;
  config.hidden_size = shape.hidden;
  config.n_layers = shape.layers;
  config.n_heads = shape.heads;
  config.n_kv_heads = shape.kv_heads;
  config.head_dim = shape.head_dim;
  config.intermediate_size = shape.ffn;
  config.tied_embeddings = shape.tied_embeddings;
  config.max_positions = shape.family.max_positions;
  config.rms_norm_eps = shape.family.eps;
  config.rope_theta = shape.family.theta;
  config.qkv_bias = shape.family.qkv_bias;
  config.n_loops = shape.n_loops;
  if (shape.n_loops > 1) {
    config.architecture = Architecture::kLoopCoder;
    config.loop_window = 64;
  }
  return config;
}

}  // namespace

Result<ModelConfig> named_config(const std::string& name, int32_t layers) {
  std::optional<ModelConfig> config;
  std::string names;
  for (const Shape& shape : kShapes) {
    names += (names.empty() ? "" : ", ") + std::string(shape.name);
    if (name == shape.name) config = config_of(shape);
  }
  if (!config)
    return invalid_argument_error("there is no shape named '" + name + "'; there are " + names);
  if (layers > 0) config->n_layers = layers;
  return *config;
}

}  // namespace rondo::engine
