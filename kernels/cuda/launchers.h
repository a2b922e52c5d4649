// The launchers of the CUDA table, one file a kernel. Every pointer of the parameters is the
// device's, but what pack reads may be the host's; a launcher returns when its work is queued.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/kernels.h"
#include "kernels/yardsticks.h"

namespace rondo::kernels::cuda {

inline constexpr int32_t kMaxHeadDim = 128;  // of attention, in steps of 8

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
int qkv(const QkvParams& params, Stream stream);
int attend(const AttendParams& params, Stream stream);
int feed_forward(const FeedForwardParams& params, Stream stream);

// Device::measure
int measure_yardsticks(Context& context, Yardsticks* out);

const Kernels& table();

}  // namespace rondo::kernels::cuda
