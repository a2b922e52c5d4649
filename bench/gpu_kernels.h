// How fast a GPU's kernels are, by kernel and shape, beside what the same GPU does at best in the
// same run.
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
  std::string shape;   // "7B down 5120 x 27648, 1 rows"
  double seconds = 0;  // a call, one after the other in a recorded graph
  double bytes = 0;    // that a call must move at least
  double flops = 0;    // multiply-adds of matrices, counted twice; 0 where memory is the limit

  // Of the yardstick that limits it: the copy bandwidth, or the matrix product's rate.
  double share(const kernels::Yardsticks& yardsticks) const;
};

enum class GpuKernelKind {
  kGemm,       // linear, bf16, int8 and int4, for 1 to 8192 rows
  kAttention,  // decode, with loop 1's second branch too, and prefill
  kRows,       // the small kernels between them
};

struct GpuKernelsResult {
  std::string device;
  kernels::Yardsticks yardsticks;
  std::vector<GpuKernelSpeed> speeds;
};

// Times the kernels of a kind whose "kernel shape" contains `only`, each for about 0.1 s, on the
// shapes of IQuest-Coder 7B and loopcoder-mini. Weights and KV pages are rotated over 2 GiB, so
// that no cache holds them; another 2 GiB are written to.
// Errors: ResourceExhausted when the GPU has no 4 GiB, Unavailable when it fails.
Result<GpuKernelsResult> measure_gpu_kernels(const kernels::Device& device, GpuKernelKind kind,
                                             std::string_view only);

std::string gpu_kernels_table(const GpuKernelsResult& result);

}  // namespace rondo::bench
