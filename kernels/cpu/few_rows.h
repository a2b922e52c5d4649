// Which rows the CPU's tables take for a decode step (Kernels::few_rows).
#pragma once

#include <cstdint>

namespace rondo::kernels {

inline constexpr int32_t kFewRows = 16;

}  // namespace rondo::kernels
