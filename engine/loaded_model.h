// LoadedModel: a model in the memory of the device that was found for it, with all that its steps
// will need: who was admitted does not fail for memory.
//
// Thread: the engine thread, once it is loaded. Owns device and memory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "engine/choose_device.h"
#include "engine/device.h"
#include "engine/engine.h"
#include "engine/model.h"
#include "engine/model_config.h"
#include "engine/page_pool.h"

namespace rondo::engine {

struct LoadedModel {
  std::unique_ptr<Device> device;  // first: goes after all that has its memory
  std::unique_ptr<Device> lane;    // its second; null on the CPU
  std::string no_gpu;              // of ChosenDevice
  Model model;
  std::optional<Model> on_lane;
  PagePool pages;

  // Memory goes when neither lane needs it any more.
  ~LoadedModel() { synchronize(); }

  // Of prefill and Segment encoding.
  Model& chunk_model() { return on_lane ? *on_lane : model; }
  // Waits for all that was queued in either lane.
  void synchronize();

  // Errors: of Model::load and PagePool::create, and the device's.
  static Result<std::unique_ptr<LoadedModel>> load(ChosenDevice chosen,
                                                   const EngineOptions& options,
                                                   const ModelConfig& config);
  // The same, and on the CPU where a GPU that `options` does not name cannot have it.
  static Result<std::unique_ptr<LoadedModel>> load_or_fall_back(ChosenDevice chosen,
                                                                const EngineOptions& options,
                                                                const ModelConfig& config);
  // On the CPU, which nobody asked for, because of what a GPU said.
  static Result<std::unique_ptr<LoadedModel>> load_on_cpu(EngineOptions options,
                                                          const ModelConfig& config,
                                                          std::string no_gpu);
};

// `options` with the sizes of chunks that suit the model's device, where none are given.
EngineOptions with_chunk_tokens(EngineOptions options, const Model& model);

}  // namespace rondo::engine
