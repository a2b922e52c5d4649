#include "kernels/cuda/attention.cuh"

#include "kernels/branches.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {

bool takes_attention(const AttentionParams& p) {
  if (p.head_dim <= 0 || p.head_dim % 8 != 0 || p.head_dim > kMaxHeadDim) return false;
  if (p.kv.type != KvType::kBf16 || p.n_kv_heads <= 0 || p.n_heads % p.n_kv_heads != 0)
    return false;
  if (p.kv.page_stride_bytes % 16 != 0 || p.kv.layer_offset_bytes % 16 != 0) return false;
  return p.second.spans == nullptr ||
         (p.second.weight != nullptr && p.second.bias != nullptr && p.second.room != nullptr);
}

int attention(const AttentionParams& p, Stream stream) {
  if (!takes_attention(p)) return kBadArguments;
  if (p.n_rows == 0 || p.n_spans == 0) return kOk;
  Context& c = context(stream);
  if (p.n_rows <= kFewRows) return attend_few_rows(p, c);
  if (takes_hopper(p, c)) return attend_rounded(p, {}, c);
  if (p.second.spans == nullptr) return attend_many_rows(p, c);
  if (const int code = attend_many_rows(first_branch(p), c); code != kOk) return code;
  if (const int code = attend_many_rows(second_branch(p), c); code != kOk) return code;
  return mix_gated(p, {}, c);
}

int attend_rounded(const AttentionParams& p, const RoundedRows& rounded, Context& c) {
  if (p.second.spans == nullptr) return attend_on_hopper(p, rounded, c);
  if (const int code = attend_on_hopper(first_branch(p), {}, c); code != kOk) return code;
  if (const int code = attend_on_hopper(second_branch(p), {}, c); code != kOk) return code;
  return mix_gated(p, rounded, c);
}

}  // namespace rondo::kernels::cuda
