// What this processor and its operating system let us use.
//
// Thread: any; found once.
#pragma once

namespace rondo::kernels {

struct CpuFeatures {
  bool avx2 = false;     // AVX2, FMA, F16C, BMI2, AES, PCLMUL: what Highway's AVX2 target uses
  bool avxvnni = false;  // avx2 and 256-bit vpdpbusd with VEX encoding
  bool avx512 = false;   // avx2 and AVX-512 F, BW, DQ, VL, VNNI
  bool amx = false;      // avx512 and AMX-TILE, INT8, BF16, granted to this process
};

// Asks the kernel for the AMX tile registers on its first call; threads started later inherit them.
const CpuFeatures& cpu_features();

}  // namespace rondo::kernels
