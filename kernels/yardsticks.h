// What a device does at best, for kernels to be compared with: plain copies, and the vendor's own
// matrix product. A plugin (device.h) measures them and exports the function as kMeasureYardsticks.
#pragma once

namespace rondo::kernels {

struct Yardsticks {
  double copy_bytes_per_s = 0;      // read and written, both counted
  double read_bytes_per_s = 0;      // read alone
  double matmul_flops_per_s = 0;    // bf16, 8192 x 8192 x 8192, normally distributed values
  double empty_launch_seconds = 0;  // a kernel that does nothing, one after the other
};

// Takes about a second and 4 GiB of the device's memory. `state` is Device::state. Returns what a
// launcher returns. Thread: the engine thread.
using MeasureYardsticks = int (*)(void* state, Yardsticks* out);
inline constexpr char kMeasureYardsticks[] = "rondo_measure_yardsticks";

}  // namespace rondo::kernels
