#include "kernels/cuda/attention.cuh"

#include "kernels/cuda/launchers.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {

// Pages are read by 16 bytes, which fixes what heads and strides are possible.
int attention(const AttentionParams& p, Stream stream) {
  if (p.head_dim <= 0 || p.head_dim % 8 != 0 || p.head_dim > kMaxHeadDim) return kBadArguments;
  if (p.kv.type != KvType::kBf16 || p.n_kv_heads <= 0 || p.n_heads % p.n_kv_heads != 0) {
    return kBadArguments;
  }
  if (p.kv.page_stride_bytes % 16 != 0 || p.kv.layer_offset_bytes % 16 != 0) return kBadArguments;
  if (p.n_rows == 0 || p.n_spans == 0) return kOk;
  Context& c = context(stream);
  return p.n_rows <= kFewRows ? attend_few_rows(p, c) : attend_many_rows(p, c);
}

}  // namespace rondo::kernels::cuda
