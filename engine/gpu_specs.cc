#include "engine/gpu_specs.h"

#include <algorithm>
#include <array>

namespace rondo::engine {
namespace {

// NVIDIA's data sheets and architecture white papers. The rate of consumer GPUs is half of that
// with sums in half precision.
constexpr std::array kSpecs = {
    GpuSpec{"b200", "B200 SXM 180 GB", 180, 8000, 2250},
    GpuSpec{"h200", "H200 SXM 141 GB", 141, 4800, 989},
    GpuSpec{"h100", "H100 SXM 80 GB", 80, 3350, 989},
    GpuSpec{"h100-pcie", "H100 PCIe 80 GB", 80, 2000, 756},
    GpuSpec{"a100", "A100 SXM 80 GB", 80, 2039, 312},
    GpuSpec{"a100-40", "A100 40 GB", 40, 1555, 312},
    GpuSpec{"rtx-pro-6000", "RTX PRO 6000 Blackwell 96 GB", 96, 1792, 503},
    GpuSpec{"l40s", "L40S 48 GB", 48, 864, 362},
    GpuSpec{"rtx-6000-ada", "RTX 6000 Ada 48 GB", 48, 960, 364},
    GpuSpec{"a6000", "RTX A6000 48 GB", 48, 768, 155},
    GpuSpec{"l4", "L4 24 GB", 24, 300, 121},
    GpuSpec{"a10", "A10 24 GB", 24, 600, 125},
    GpuSpec{"rtx-5090", "GeForce RTX 5090 32 GB", 32, 1792, 209},
    GpuSpec{"rtx-5080", "GeForce RTX 5080 16 GB", 16, 960, 113},
    GpuSpec{"rtx-4090", "GeForce RTX 4090 24 GB", 24, 1008, 165},
    GpuSpec{"rtx-4080", "GeForce RTX 4080 16 GB", 16, 717, 97},
    GpuSpec{"rtx-4060-ti", "GeForce RTX 4060 Ti 16 GB", 16, 288, 44},
    GpuSpec{"rtx-3090", "GeForce RTX 3090 24 GB", 24, 936, 71},
    GpuSpec{"rtx-3060", "GeForce RTX 3060 12 GB", 12, 360, 25},
};

}  // namespace

std::span<const GpuSpec> gpu_specs() { return kSpecs; }

Result<GpuSpec> find_gpu(const std::string& name) {
  const auto found =
      std::find_if(kSpecs.begin(), kSpecs.end(), [&](const auto& gpu) { return gpu.name == name; });
  if (found != kSpecs.end()) return *found;
  std::string names;
  for (const GpuSpec& gpu : kSpecs) names += (names.empty() ? "" : ", ") + std::string(gpu.name);
  return invalid_argument_error("no GPU is known as '" + name + "'; known are " + names +
                                ", and any other as GIB:GB_PER_S:TFLOPS");
}

}  // namespace rondo::engine
