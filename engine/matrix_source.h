// A matrix of a checkpoint, perhaps of several tensors whose rows follow each other, as
// RowMajorMatrix has it.
//
// Thread: a plain value. Views the checkpoint.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/row_source.h"
#include "kernels/kernels.h"

namespace rondo::engine {

struct MatrixSource {
  // One a tensor: RowMajorMatrix' data, and scales and zeros where the type has them.
  std::vector<RowSource> data, scales, zeros;
  int32_t n = 0;
  int32_t k = 0;
  kernels::WeightType type = kernels::WeightType::kBf16;
};

}  // namespace rondo::engine
