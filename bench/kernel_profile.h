// Where a run's time goes, by kernel: a table that forwards to another one and times every call.
//
// Thread: the engine thread of the run; one profile at a time, since a launcher has no argument
// that could say which. Ownership: borrows the table it forwards to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace rondo::bench {

struct KernelTime {
  std::string kernel;  // "linear 3584 x 640": by shape where that decides
  int64_t n_calls = 0;
  double seconds = 0;
};

// A table that does what `table` does and keeps the times. Ends any earlier profile. The coarse
// launchers are made of the fine ones, as in every table of the CPU, so each part has its time.
kernels::Kernels profiled(const kernels::Kernels& table);
// Forgets the times so far.
void reset_kernel_profile();
// The most expensive first.
std::vector<KernelTime> kernel_profile();
// One line a kernel, with its share of `seconds`; the rest is what the engine does between kernels.
std::string kernel_profile_table(double seconds);

}  // namespace rondo::bench
