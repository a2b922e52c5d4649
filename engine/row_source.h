// Rows that a device needs, and how they are made of what the mapped checkpoint holds: the file's
// own bytes, or others that are made of these when their turn comes, a few at a time.
//
// Thread: read() may be called from any, on several at once. Views the checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "engine/safetensors.h"

namespace rondo::engine {

struct RowSource {
  int64_t n = 0;
  int64_t row_bytes = 0;
  const std::byte* in_place = nullptr;  // all rows, where they are the file's own bytes
  // Else writes n rows from `first` on.
  std::function<void(int64_t first, int64_t n, std::byte* out)> make;

  int64_t n_bytes() const { return n * row_bytes; }
  void read(int64_t first, int64_t n_rows, std::byte* out) const;
};

// The elements of a tensor: int8 and bf16 as they are, other floating-point types rounded to bf16.
RowSource elements_of(const Tensor& tensor);

}  // namespace rondo::engine
