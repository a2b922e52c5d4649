// A model's weights, packed for one device's kernels and in its memory.
//
// Thread: immutable after load. Owns the packed memory and the mapped checkpoint (the CPU reads the
// embedding from it).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "engine/device.h"
#include "engine/model_config.h"
#include "engine/safetensors.h"
#include "kernels/kernels.h"

namespace rondo::engine {

// Every pointer is the device's.
struct LayerWeights {
  std::span<const float> input_norm;      // f32 [C]
  kernels::PackedMatrix qkv;              // [(H + 2 Hk) D, C]: q, k and v rows in this order
  std::span<const float> qkv_bias;        // f32 [(H + 2 Hk) D] in the same order, or empty
  kernels::PackedMatrix o;                // [C, H D]
  std::span<const float> post_norm;       // f32 [C]
  kernels::PackedMatrix gate_up;          // [2F, C]: gate rows, then up rows
  kernels::PackedMatrix down;             // [C, F]
  std::span<const float> loop_gate;       // f32 [H, D], LoopCoder only
  std::span<const float> loop_gate_bias;  // f32 [H]
};

enum class RandomLayers {
  kEach,   // every layer has its own
  kShared  // all have the first's, so that a deep shape fits into little memory
};

class Weights {
 public:
  // Reads and packs every tensor that `config` asks for.
  // Errors: NotFound or Corruption naming the tensor and its file; ResourceExhausted when memory is
  // short; the device's status when it failed.
  static Result<Weights> load(const std::string& folder, const ModelConfig& config, Device& device);

  // Random ones for `config`, whose weight_format says their type, to measure a shape without its
  // checkpoint. Errors: as load's.
  static Result<Weights> random(const ModelConfig& config, Device& device,
                                RandomLayers layers = RandomLayers::kEach);

  // All that load() checks, without packing anything.
  static Status check(const std::string& folder, const ModelConfig& config);

  Weights(Weights&&) noexcept;
  Weights& operator=(Weights&&) noexcept;
  ~Weights();

  const kernels::RowMajorMatrix& embedding() const { return embedding_; }  // [V, C]
  const kernels::PackedMatrix& head() const { return head_; }              // [V, C]
  std::span<const float> final_norm() const { return final_norm_; }        // f32 [C]
  const std::vector<LayerWeights>& layers() const { return layers_; }
  int64_t packed_bytes() const { return packed_bytes_; }
  Hash128 digest() const {
    return digest_;
  }  // of the checkpoint's tensor names, shapes and bytes (see .cc)

 private:
  struct Plan;
  Weights();
  // Opens the checkpoint, reads the vectors and checks the matrices.
  Result<Plan> read(const std::string& folder, const ModelConfig& config);
  // Brings everything to the device.
  Status place(const Plan& plan, Device& device);
  Status pack_on_cpu(const Plan& plan, Device& device);
  Status upload(const Plan& plan, std::byte* embedding, Device& device);

  kernels::RowMajorMatrix embedding_;
  kernels::PackedMatrix head_;
  std::span<const float> final_norm_;
  std::vector<LayerWeights> layers_;
  int64_t packed_bytes_ = 0;
  Hash128 digest_;
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace rondo::engine
