// The float launchers of the CPU tables, written once with Highway and compiled for two vector
// widths: N_AVX2 (8 lanes) and N_AVX3 (16 lanes, AVX-512 F, BW, DQ, VL). Highway's own dispatch is
// not used: a table names the width it wants, so that "avx2" is the same code everywhere.
//
// KV pages are bf16. A result never depends on the vector width; attention_amx has numerics of its
// own.
#pragma once

#include "kernels/branches.h"
#include "kernels/kernels.h"

namespace rondo::kernels {

namespace N_AVX2 {
int rms_norm(const RmsNormParams& params, Stream stream);
int rope_store(const RopeStoreParams& params, Stream stream);
int attention(const AttentionParams& params, Stream stream);
void mix_gated(const GateMixParams& params, Stream stream);
int swiglu(const SwigluParams& params, Stream stream);
}  // namespace N_AVX2

namespace N_AVX3 {
int rms_norm(const RmsNormParams& params, Stream stream);
int rope_store(const RopeStoreParams& params, Stream stream);
int attention(const AttentionParams& params, Stream stream);
void mix_gated(const GateMixParams& params, Stream stream);
int swiglu(const SwigluParams& params, Stream stream);
// With more than 16 rows on AMX tiles: needs CpuFeatures::amx.
int attention_amx(const AttentionParams& params, Stream stream);
}  // namespace N_AVX3

}  // namespace rondo::kernels
