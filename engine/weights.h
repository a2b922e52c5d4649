// A model's weights, packed for one Kernels table.
//
// Thread: immutable after load. Owns the packed memory and the mapped checkpoint (the embedding is
// read from it).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "engine/model_config.h"
#include "engine/safetensors.h"
#include "kernels/kernels.h"

namespace rondo::engine {

struct LayerWeights {
  std::vector<float> input_norm;      // f32 [C]
  kernels::PackedMatrix qkv;          // [(H + 2 Hk) D, C]: q, k and v rows in this order
  kernels::PackedMatrix o;            // [C, H D]
  std::vector<float> post_norm;       // f32 [C]
  kernels::PackedMatrix gate_up;      // [2F, C]: gate rows, then up rows
  kernels::PackedMatrix down;         // [C, F]
  std::vector<float> loop_gate;       // f32 [H, D], LoopCoder only
  std::vector<float> loop_gate_bias;  // f32 [H]
};

class Weights {
 public:
  // Reads and packs every tensor that `config` asks for.
  // Errors: NotFound or Corruption naming the tensor and its file; ResourceExhausted when memory is
  // short.
  static Result<Weights> load(const std::string& folder, const ModelConfig& config,
                              const kernels::Kernels& kernels, kernels::Stream stream);

  // All that load() checks, without packing anything.
  static Status check(const std::string& folder, const ModelConfig& config);

  Weights(Weights&&) noexcept;
  Weights& operator=(Weights&&) noexcept;
  ~Weights();

  const kernels::RowMajorMatrix& embedding() const { return embedding_; }  // [V, C]
  const kernels::PackedMatrix& head() const { return head_; }              // [V, C]
  const std::vector<float>& final_norm() const { return final_norm_; }     // f32 [C]
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

  kernels::RowMajorMatrix embedding_;
  kernels::PackedMatrix head_;
  std::vector<float> final_norm_;
  std::vector<LayerWeights> layers_;
  int64_t packed_bytes_ = 0;
  Hash128 digest_;
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace rondo::engine
