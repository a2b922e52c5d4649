// qkv of kernels.h. Many rows: the norm goes to bf16 in one pass, where p.normed would have it in
// float32, and the product to bf16 in scratch memory, from where it is rotated.
//
// Numerics: those of matmul.h; queries, keys and values are rounded to bf16 before bias and
// rotation too (pages have bf16 keys and values, and attention of many rows rounds queries).

#include "kernels/cuda/bf16_rows.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/matmul.h"
#include "kernels/cuda/rope_many.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

int qkv_many_rows(const QkvParams& p, Stream stream) {
  Context& c = context(stream);
  const Matrix weight(p.weight);
  const int32_t n_rows = p.rope.n_rows;
  const int64_t weight_bytes = (weight_scratch_bytes(weight) + 255) / 256 * 256;
  std::byte* scratch = c.scratch(weight_bytes + int64_t{2} * n_rows * weight.n);
  if (scratch == nullptr) return kDeviceFailed;
  auto* normed = reinterpret_cast<uint16_t*>(p.normed);
  auto* rows = reinterpret_cast<uint16_t*>(scratch + weight_bytes);
  const bool in_bf16 = takes_rope_many_rows(p.rope);
  norm_rows(p.x, p.norm_weight, p.eps, n_rows, weight.k, normed, c);
  multiply({.x = normed,
            .out = in_bf16 ? static_cast<void*>(rows) : p.rope.qkv,
            .out_stride = weight.n,
            .out_type = in_bf16 ? CUDA_R_16BF : CUDA_R_32F,
            .n_rows = n_rows,
            .weights = scratch},
           weight, c);
  return in_bf16 ? rope_bf16_rows(p.rope, rows, c) : rope_store(p.rope, stream);
}

}  // namespace

int qkv(const QkvParams& p, Stream stream) {
  if (!valid(p) || p.rope.kv.type != KvType::kBf16) return kBadArguments;
  if (p.weight.k < kLeastBf16Width || p.weight.k > kMaxNormWidth) return kBadArguments;
  if (p.rope.n_rows == 0) return kOk;
  return p.rope.n_rows <= kFewRows ? qkv_few_rows(p, stream) : qkv_many_rows(p, stream);
}

}  // namespace rondo::kernels::cuda
