#include "kernels/compose.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

int qkv_many_rows(const QkvParams& p, Stream stream) {
  return composed_qkv<rms_norm, linear, rope_store>(p, stream);
}

}  // namespace

int qkv(const QkvParams& p, Stream stream) {
  if (!valid(p) || p.rope.kv.type != KvType::kBf16) return kBadArguments;
  if (p.rope.n_rows == 0) return kOk;
  return p.rope.n_rows <= kFewRows ? qkv_few_rows(p, stream) : qkv_many_rows(p, stream);
}

}  // namespace rondo::kernels::cuda
