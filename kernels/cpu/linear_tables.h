// The linear kernels of each instruction set. Running one needs the CPU features in its name.
#pragma once

#include "kernels/cpu/linear.h"

namespace rondo::kernels {

extern const LinearKernel kInt4Avx2, kInt8Avx2, kBf16Avx2;
extern const LinearKernel kInt8AvxVnni;
extern const LinearKernel kInt4Avx512, kInt8Avx512, kBf16Avx512;
extern const LinearKernel kInt8Amx, kBf16Amx;

}  // namespace rondo::kernels
