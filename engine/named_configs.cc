#include "engine/named_configs.h"

#include <array>
#include <optional>

namespace rondo::engine {
namespace {

struct Shape {
  const char* name;
  int32_t n_layers;
  int32_t n_loops;
};

// One layer for all: arXiv 2603.16733, table 1, and the config.json files on Hugging Face.
constexpr std::array kShapes = {Shape{"iquest-7b", 14, 1}, Shape{"iquest-14b", 28, 1},
                                Shape{"iquest-40b", 80, 1}, Shape{"iquest-40b-loop", 80, 2}};
constexpr const char* kEmbedded = "loopcoder-mini";

ModelConfig iquest(const Shape& shape) {
  ModelConfig config;
  config.vocab_size = 76800;
  config.hidden_size = 5120;
  config.n_layers = shape.n_layers;
  config.n_heads = 40;
  config.n_kv_heads = 8;
  config.head_dim = 128;
  config.intermediate_size = 27648;
  config.max_positions = 131072;
  config.n_loops = shape.n_loops;
  return config;
}

// models/loopcoder-mini/config.json
ModelConfig embedded() {
  ModelConfig config;
  config.vocab_size = 16384;
  config.hidden_size = 640;
  config.n_layers = 10;
  config.n_heads = 10;
  config.n_kv_heads = 2;
  config.head_dim = 64;
  config.intermediate_size = 1792;
  config.max_positions = 8192;
  config.n_loops = 2;
  return config;
}

}  // namespace

Result<ModelConfig> named_config(const std::string& name, int32_t layers) {
  std::optional<ModelConfig> config;
  if (name == kEmbedded) config = embedded();
  std::string names = kEmbedded;
  for (const Shape& shape : kShapes) {
    names += ", " + std::string(shape.name);
    if (name == shape.name) config = iquest(shape);
  }
  if (!config)
    return invalid_argument_error("there is no shape named '" + name + "'; there are " + names);
  if (layers > 0) config->n_layers = layers;
  config->rms_norm_eps = 1e-5f;
  config->rope_theta = 500000;
  if (config->n_loops > 1) {
    config->architecture = Architecture::kLoopCoder;
    config->loop_window = 64;
  }
  return *config;
}

}  // namespace rondo::engine
