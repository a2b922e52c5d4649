// Any text as config.json: a configuration whose numbers the engine can compute with, or a Status.
#include "engine/model_config.h"
#include "tests/engine/model_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using rondo::engine::ModelConfig;
  static const rondo::engine::ScratchFolder folder;
  folder.write("config.json", {reinterpret_cast<const char*>(data), size});
  const auto config = ModelConfig::load(folder.path());
  if (!config.ok()) {
    CHECK(!config.status().message().empty(), "a refusal has a reason");
    return 0;
  }
  CHECK(config->n_heads % config->n_kv_heads == 0 && config->head_dim % 2 == 0, "heads divide");
  CHECK(config->qkv_dim() > 0 && config->vocab_size > 0 && config->rope_theta > 0, "positive");
  for (const int32_t id : config->stop_tokens) CHECK(id < config->vocab_size, "ids are known");
  return 0;
}
