// How fast a device's kernels are, by kernel and shape, beside the yardsticks of the same run.
//
// Thread: the caller's, which owns the device meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "kernels/device.h"
#include "kernels/yardsticks.h"

namespace rondo::bench {

struct GpuKernelSpeed {
  std::string kernel;  // "linear int8"
  std::string shape;   // "7168 x 5120, 1 rows"
  double seconds = 0;  // a call, one after the other on the device
  double bytes = 0;    // that a call must move at least
  double flops = 0;    // multiply-adds of matrices, counted twice; 0 where memory is the limit

  // Of the yardstick that limits it: the copy bandwidth, or the matrix product's rate.
  double share(const kernels::Yardsticks& yardsticks) const;
};

// Times the kernels whose "kernel shape" contains `only`, each for about 0.1 s: linear, attention
// and the row kernels on the shapes of IQuest-Coder 7B and loopcoder-mini. Weights and KV pages are
// rotated over 2 GiB, so that no cache holds them; another 2 GiB are written to.
Result<std::vector<GpuKernelSpeed>> measure_gpu_kernels(const kernels::Device& device,
                                                        std::string_view only);

std::string gpu_kernels_table(const kernels::Device& device, const kernels::Yardsticks& yardsticks,
                              const std::vector<GpuKernelSpeed>& speeds);
std::string gpu_kernels_json(const kernels::Device& device, const kernels::Yardsticks& yardsticks,
                             const std::vector<GpuKernelSpeed>& speeds);

}  // namespace rondo::bench
