// How the copy engine of sm_90 and later sees a matrix: boxes of some rows by some columns of
// kRowBytes. In shared memory a box is [columns][rows][kRowBytes]; of its line number l, 128 bytes,
// 16 bytes number i are at i ^ (l % 8). What lies outside of the matrix is zeros. Shared memory
// that takes a box is aligned to 1024 bytes.
#pragma once

#include <cudaTypedefs.h>

#include <cstdint>

#include "kernels/cuda/matrix.h"

namespace rondo::kernels::cuda {

// The driver's function that makes maps; null where it has none. Asked for by name: the plugin must
// not need the driver's library to be opened.
PFN_cuTensorMapEncodeTiled_v12000 tensor_map_encoder();

struct MatrixMap {
  static constexpr int kRowBytes = static_cast<int>(Matrix::kRowBytes);

  // For boxes of box_rows rows and box_bytes of each, a multiple of kRowBytes; at most 256 of both.
  // False where the driver has no such maps.
  bool encode(const void* rows, int32_t n_rows, int64_t row_bytes, int32_t box_rows,
              int32_t box_bytes);

  CUtensorMap map;  // aligned to 64
};

}  // namespace rondo::kernels::cuda
