#include "kernels/cuda/matrix_map.h"

#include <cuda_runtime.h>

namespace rondo::kernels::cuda {
namespace {

PFN_cuTensorMapEncodeTiled_v12000 find_encode() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found;
  const cudaError_t error = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function,
                                                             12000, cudaEnableDefault, &found);
  if (error != cudaSuccess || found != cudaDriverEntryPointSuccess) return nullptr;
  return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
}

}  // namespace

PFN_cuTensorMapEncodeTiled_v12000 tensor_map_encoder() {
  static const PFN_cuTensorMapEncodeTiled_v12000 encode = find_encode();
  return encode;
}

bool MatrixMap::encode(const void* rows, int32_t n_rows, int64_t row_bytes, int32_t box_rows,
                       int32_t box_bytes) {
  const auto encode = tensor_map_encoder();
  if (encode == nullptr) return false;
  const auto columns = static_cast<cuuint64_t>(row_bytes / kRowBytes);
  const cuuint64_t sizes[] = {kRowBytes, static_cast<cuuint64_t>(n_rows), columns};
  const cuuint64_t strides[] = {static_cast<cuuint64_t>(row_bytes), kRowBytes};  // bytes
  const cuuint32_t box[] = {kRowBytes, static_cast<cuuint32_t>(box_rows),
                            static_cast<cuuint32_t>(box_bytes / kRowBytes)};
  const cuuint32_t steps[] = {1, 1, 1};
  return encode(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 3, const_cast<void*>(rows), sizes, strides,
                box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

}  // namespace rondo::kernels::cuda
