// How fast a GPU would serve a model, from what it must read and compute and from the shares of its
// limits that were measured on an H100 (docs/performance.md): for other GPUs a forecast.
//
// Thread: pure functions. Units: seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/gpu_specs.h"
#include "engine/memory_plan.h"
#include "engine/model_config.h"

namespace rondo::engine {

// Where the time of a step goes that decodes one token for each sequence.
struct DecodeTime {
  double weights = 0;   // reading them, once a loop
  double kv = 0;        // reading what each sequence sees, once a loop
  double launches = 0;  // what kernels take however little they do

  double total() const { return weights + kv + launches; }
};

DecodeTime forecast_decode(const ModelConfig& config, const Workload& workload, const GpuSpec& gpu);

// Of a prompt of `n_tokens`, with nothing to reuse; Loop models compute the trapezoid alone.
double forecast_prefill(const ModelConfig& config, int64_t n_tokens, const GpuSpec& gpu);
// Of context as Segments, of `segment_tokens` each.
double forecast_segments(const ModelConfig& config, int64_t n_tokens, int32_t segment_tokens,
                         const GpuSpec& gpu);

// Layers of one model on several GPUs, which work one after the other: rondo runs a model on one
// GPU so far.
struct LayerSplit {
  std::vector<int32_t> n_layers;  // of each GPU
  std::vector<double> decode;     // its part of a step
  double total() const;
};

// As many layers as fit on the GPU with the fastest memory, the rest on the next, and so on;
// nothing when they do not fit on all of them.
std::optional<LayerSplit> split_layers(const ModelConfig& config, const Workload& workload,
                                       std::span<const GpuSpec> gpus);

}  // namespace rondo::engine
