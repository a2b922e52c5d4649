// qkv of kernels.h. Many rows: the norm goes to bf16 in one pass, where p.normed would have it in
// float32; queries, keys and values are float32 until they are rotated.
//
// Numerics: those of matmul.h.

#include "kernels/cuda/bf16_rows.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/matmul.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

int qkv_many_rows(const QkvParams& p, Stream stream) {
  Context& c = context(stream);
  const Matrix weight(p.weight);
  const int32_t n_rows = p.rope.n_rows;
  auto* normed = reinterpret_cast<uint16_t*>(p.normed);
  std::byte* scratch = c.scratch(weight_scratch_bytes(weight));
  if (c.status() != cudaSuccess) return kDeviceFailed;
  norm_rows(p.x, p.norm_weight, p.eps, n_rows, weight.k, normed, c);
  multiply({.x = normed,
            .out = p.rope.qkv,
            .out_stride = weight.n,
            .n_rows = n_rows,
            .weights = scratch},
           weight, c);
  return rope_store(p.rope, stream);
}

}  // namespace

int qkv(const QkvParams& p, Stream stream) {
  if (!valid(p) || p.rope.kv.type != KvType::kBf16) return kBadArguments;
  if (p.weight.k < kLeastBf16Width || p.weight.k > kMaxNormWidth) return kBadArguments;
  if (p.rope.n_rows == 0) return kOk;
  return p.rope.n_rows <= kFewRows ? qkv_few_rows(p, stream) : qkv_many_rows(p, stream);
}

}  // namespace rondo::kernels::cuda
