// What a device does at best, for kernels to be compared with: plain copies, and the vendor's own
// matrix product (Device::measure).
#pragma once

namespace rondo::kernels {

struct Yardsticks {
  double copy_bytes_per_s = 0;      // read and written, both counted
  double read_bytes_per_s = 0;      // read alone
  double matmul_flops_per_s = 0;    // bf16, 8192 x 8192 x 8192, normally distributed values
  double empty_launch_seconds = 0;  // a kernel that does nothing, one after the other
};

}  // namespace rondo::kernels
