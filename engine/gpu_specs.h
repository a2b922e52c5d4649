// What common GPUs are made of, by their makers' data sheets, to plan for one that is not there.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace rondo::engine {

struct GpuSpec {
  const char* name = "";   // as it is asked for: "rtx-4090"
  const char* title = "";  // as it is sold: "GeForce RTX 4090"
  double memory_gib = 0;
  double gb_per_s = 0;  // of its memory, 10^9 bytes
  double tflops = 0;    // bf16 products summed in float32, dense

  int64_t memory_bytes() const { return static_cast<int64_t>(memory_gib * (1 << 30)); }
};

std::span<const GpuSpec> gpu_specs();
// Errors: InvalidArgument listing the names.
Result<GpuSpec> find_gpu(const std::string& name);

}  // namespace rondo::engine
