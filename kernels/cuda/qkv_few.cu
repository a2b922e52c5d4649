#include "kernels/compose.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"

namespace rondo::kernels::cuda {

int qkv_few_rows(const QkvParams& p, Stream stream) {
  return composed_qkv<rms_norm, linear, rope_store>(p, stream);
}

}  // namespace rondo::kernels::cuda
