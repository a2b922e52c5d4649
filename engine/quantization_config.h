// What config.json says of quantised weights ("quantization_config", in older files
// "compression_config"):
//
//   compressed-tensors  int-quantized   8 bits, symmetric, a scale a channel
//                       pack-quantized  4 bits, a scale a channel or group, with zero points or not
//   awq                 version gemm    4 bits, in groups, with zero points
//   gptq                and gptq_v2     4 bits, a scale a channel or group, with zero points or not
//
// Groups are of 128 inputs or a multiple: kernels apply a scale to 128 (kernels.h). Which modules
// are quantised is not read from here: tensors have other names then (int4_tensors.h).
//
// Thread: a pure function.
#pragma once

#include "engine/key_reader.h"
#include "engine/model_config.h"

namespace rondo::engine {

// Sets config.weight_format and config.int4 from the object that `reader` reads. What is not
// supported fails `reader`: the key, its value, and what to use instead.
void read_quantization(KeyReader& reader, ModelConfig& config);

}  // namespace rondo::engine
