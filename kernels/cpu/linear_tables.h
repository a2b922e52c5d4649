// The linear kernels of each instruction set. Using one needs the CPU features in its name.
#pragma once

#include "kernels/cpu/linear.h"

namespace rondo::kernels {

extern const LinearKernel kInt8Avx2, kBf16Avx2;

}  // namespace rondo::kernels
