#include "engine/row_source.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "engine/tensor_values.h"
#include "kernels/bf16.h"

namespace rondo::engine {
namespace {

// Has the system map these bytes of a file in one go, where it can; else each page when it is read.
void populate(const std::byte* bytes, int64_t n_bytes) {
#ifdef MADV_POPULATE_READ
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes + n_bytes);
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
#endif
}

}  // namespace

void RowSource::read(int64_t first, int64_t n_rows, std::byte* out) const {
  if (in_place == nullptr) return make(first, n_rows, out);
  const std::byte* from = in_place + first * row_bytes;
  populate(from, n_rows * row_bytes);
  std::memcpy(out, from, static_cast<size_t>(n_rows * row_bytes));
}

RowSource elements_of(const Tensor& tensor) {
  RowSource rows = {.n = n_elements(tensor), .row_bytes = tensor.dtype == DType::kI8 ? 1 : 2};
  if (tensor.dtype == DType::kI8 || tensor.dtype == DType::kBf16) {
    rows.in_place = tensor.bytes.data();
    return rows;
  }
  rows.make = [tensor](int64_t first, int64_t n, std::byte* out) {
    const int64_t n_bytes = dtype_bytes(tensor.dtype);
    populate(tensor.bytes.data() + first * n_bytes, n * n_bytes);
    for (int64_t i = 0; i < n; ++i) {
      const uint16_t bits = kernels::float_to_bf16(load_float(tensor, first + i));
      std::memcpy(out + i * 2, &bits, sizeof bits);
    }
  };
  return rows;
}

}  // namespace rondo::engine
