// Makes an int8 model folder from a floating-point one, weights only: the compressed-tensors form
// "int-quantized".
//
// Each matrix X.weight [N, K] of a Linear or Embedding becomes I8 and gets X.weight_scale, BF16
// [N, 1]; norms and gate projections stay as they are. For each row:
//
//     scale = bf16(max |w| / 127)      a float32 division, rounded to nearest, ties to even;
//                                      1.0 where that is 0
//     q     = rint(w / scale)          the same, clamped to -127..127
//
// scripts/oracle/quantize.py writes the same bytes.
//
// Thread: any one.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"

namespace rondo::engine {

// Writes the folder `output`, which must not exist; it appears whole or not at all. `progress` gets
// the share done, 0 to 1; it may be empty.
// Errors: those of ModelConfig::load and TensorFolder::open; InvalidArgument when `output` exists
// or `input` is quantised already; Corruption naming a tensor that is not finite;
// ResourceExhausted.
Status quantize_folder(const std::string& input, const std::string& output,
                       const std::function<void(double share)>& progress);

}  // namespace rondo::engine
