// The oracle: every launcher of kernels.h as plain loops in float32 with float32 KV. Nothing here
// is fast on purpose; rows are shared over the stream's threads so that tests stay bearable.
//
// Packed layout: the rows as they come, then the bf16 scales of int8 and int4 weights:
//
//   | data [n][k] | scales bf16 [n], int4 [n][k / 128] | up to 63 bytes of padding |
//
// A layer of a page: keys [Hk][kPageTokens][D], then values, of the same shape.
#pragma once

#include "kernels/kernels.h"

namespace rondo::kernels::reference {

int64_t packed_bytes(WeightType type, int32_t n, int32_t k);
int pack(const RowMajorMatrix& matrix, void* out, Stream stream);
int embed(const EmbedParams& params, Stream stream);
int rms_norm(const RmsNormParams& params, Stream stream);
int linear(const LinearParams& params, Stream stream);
int rope_store(const RopeStoreParams& params, Stream stream);
int copy_token(const CopyTokenParams& params, Stream stream);
int attention(const AttentionParams& params, Stream stream);
int swiglu(const SwigluParams& params, Stream stream);
int choose(const ChooseParams& params, Stream stream);

// Writes W[row][k_begin..k_end) in float32 to `out`.
void dequantize(const RowMajorMatrix& matrix, int64_t row, int32_t k_begin, int32_t k_end,
                float* out);

}  // namespace rondo::kernels::reference
