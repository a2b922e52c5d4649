// A module's 4-bit weights as checkpoints hold them, and as kernels want them (RowMajorMatrix).
// N outputs, K inputs, G groups of a row; words are I32 of 8 values of 4 bits, the lowest first.
//
//   compressed-tensors   X.weight_packed [N, K / 8], X.weight_scale [N, G], X.weight_shape [2] = N,
//   K;
//                        with zero points X.weight_zero_point [N / 8, G]
//   awq                  X.qweight [K, N / 8], X.scales [G, N], X.qzeros [G, N / 8]: a word has
//                        outputs 0 2 4 6 1 3 5 7 of 8
//   gptq                 X.qweight [K / 8, N], X.scales [G, N], X.qzeros [G, N / 8], X.g_idx [K]:
//                        the group of each input, in order (desc_act has them in another, which is
//                        not supported)
//
// compressed-tensors round N / 8 and K / 8 up. Scales are rounded to bf16: 8 bits where fp16 has
// 11, 2^-9 of a weight at most. Stored zero points of gptq's first version are one too small.
//
// Thread: immutable; any. Views the checkpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/status.h"
#include "engine/model_config.h"
#include "engine/row_source.h"
#include "engine/safetensors.h"

namespace rondo::engine {

struct Int4Tensors {
  // Whether `tensors` has weights of module X, without which it may have plain ones.
  static bool has(const TensorFolder& tensors, const std::string& module, const Int4Config& config);
  // Those of module X. `use` is told the name of each tensor that they are.
  // Errors: NotFound, Corruption naming tensor and file; InvalidArgument for an order of inputs
  // that is not supported.
  static Result<Int4Tensors> find(const TensorFolder& tensors, const std::string& module,
                                  const Int4Config& config, int32_t n, int32_t k,
                                  const std::function<void(const std::string&)>& use);

  // Whether every zero point is 8: that of kernels::WeightType::kInt4.
  bool is_symmetric() const;

  RowSource words() const;         // N rows of ceil(K / 8) words
  RowSource group_scales() const;  // N rows of bf16 for kInt4Group inputs each
  RowSource group_zeros() const;   // N rows of a byte for kInt4Group inputs each

  Int4Config config;
  int32_t n = 0, k = 0;
  Tensor weights, scales;
  std::optional<Tensor> zeros;
};

}  // namespace rondo::engine
