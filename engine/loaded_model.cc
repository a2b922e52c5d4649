#include "engine/loaded_model.h"

#include <algorithm>
#include <utility>

#include "engine/chunk_tokens.h"

namespace rondo::engine {

EngineOptions with_chunk_tokens(EngineOptions options, const Model& model) {
  const ChunkTokens chunk = chunk_tokens(model.config(), model.device());
  if (options.prefill_chunk_tokens <= 0) options.prefill_chunk_tokens = chunk.prefill;
  if (options.background_chunk_tokens <= 0) options.background_chunk_tokens = chunk.background;
  return options;
}

void LoadedModel::synchronize() {
  if (lane != nullptr) lane->synchronize();
  device->synchronize();
}

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(ChosenDevice chosen,
                                                       const EngineOptions& options,
                                                       const ModelConfig& config) {
  ASSIGN_OR_RETURN(Model model, Model::load(options.model, config, *chosen.device));
  ASSIGN_OR_RETURN(PagePool pages, PagePool::create(config, *chosen.device, options.kv_bytes));
  ASSIGN_OR_RETURN(std::unique_ptr<Device> lane, chosen.device->open_lane());
  std::optional<Model> on_lane;
  if (lane != nullptr) {
    on_lane.emplace(model.on(*lane));
    lane->follow(*chosen.device);  // the weights may still be on their way
  }
  const EngineOptions complete = with_chunk_tokens(options, model);
  const int32_t n_chunk = std::max(complete.prefill_chunk_tokens, complete.background_chunk_tokens);
  if (on_lane) on_lane->reserve(n_chunk, 1);
  const int32_t most_rows = chosen.device->kernels().few_rows;  // of a step of decoding
  model.reserve(on_lane ? most_rows : std::max(n_chunk, most_rows), most_rows);
  RETURN_IF_ERROR(chosen.device->status());
  return std::unique_ptr<LoadedModel>(new LoadedModel{.device = std::move(chosen.device),
                                                      .lane = std::move(lane),
                                                      .no_gpu = std::move(chosen.no_gpu),
                                                      .model = std::move(model),
                                                      .on_lane = std::move(on_lane),
                                                      .pages = std::move(pages)});
}

Result<std::unique_ptr<LoadedModel>> LoadedModel::load_or_fall_back(ChosenDevice chosen,
                                                                    const EngineOptions& options,
                                                                    const ModelConfig& config) {
  chosen.device->attach();
  const bool may_fall_back = options.device.empty() && !chosen.device->is_cpu();
  Result<std::unique_ptr<LoadedModel>> loaded = load(std::move(chosen), options, config);
  const Code code = loaded.status().code();
  if (may_fall_back && (code == Code::kResourceExhausted || code == Code::kUnavailable))
    return load_on_cpu(options, config, loaded.status().message());
  return loaded;
}

Result<std::unique_ptr<LoadedModel>> LoadedModel::load_on_cpu(EngineOptions options,
                                                              const ModelConfig& config,
                                                              std::string no_gpu) {
  options.device = "cpu";
  ASSIGN_OR_RETURN(ChosenDevice chosen, choose_device(options));
  chosen.no_gpu = std::move(no_gpu);
  return load(std::move(chosen), options, config);
}

}  // namespace rondo::engine
