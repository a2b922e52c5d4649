#include "kernels/cuda/attention.cuh"

#include "kernels/branches.h"
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
  if (p.second.spans != nullptr &&
      (p.second.weight == nullptr || p.second.bias == nullptr || p.second.room == nullptr)) {
    return kBadArguments;
  }
  if (p.n_rows == 0 || p.n_spans == 0) return kOk;
  Context& c = context(stream);
  if (p.n_rows <= kFewRows) return attend_few_rows(p, c);
  const auto attend = takes_hopper(p, c) ? attend_on_hopper : attend_many_rows;
  if (p.second.spans == nullptr) return attend(p, c);
  if (const int code = attend(first_branch(p), c); code != kOk) return code;
  if (const int code = attend(second_branch(p), c); code != kOk) return code;
  return mix_gated(p, c);
}

}  // namespace rondo::kernels::cuda
