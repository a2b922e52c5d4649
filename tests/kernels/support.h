// What the kernel tests share: the tables that this machine runs, seeded data, and matrices with
// their exact values beside them. Expected values are computed in double from the definitions in
// kernels.h, so the reference table is tested like every other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/thread_pool.h"

namespace rondo::kernels {

// The tables that this machine can run, slowest first.
std::vector<const Kernels*> runnable_tables();
std::string table_name(const Kernels* table);

// How far linear may be from the exact sum, by table: the error of one product is at most
// relative * |x w| + of_largest * (largest |x| of the row) * |w|.
struct LinearError {
  double relative = 0;    // of each activation: how it is rounded, plus float32 accumulation
  double of_largest = 0;  // half a step, where activations are quantised by row
};
LinearError linear_error(const Kernels& table, WeightType type, int32_t n_rows);

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  float normal() { return std::normal_distribution<float>()(engine_); }
  int32_t below(int32_t n) { return static_cast<int32_t>(engine_() % static_cast<uint32_t>(n)); }
  std::vector<float> normals(int64_t n);

 private:
  std::mt19937 engine_;
};

// `n_bytes` of memory aligned to 64, exactly, so that the address sanitizer sees an overrun.
class AlignedBytes {
 public:
  explicit AlignedBytes(int64_t n_bytes);
  std::byte* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte[], Free> data_;
};

// A random weight matrix as a checkpoint stores it, at an address that is odd, and its values.
struct TestMatrix {
  TestMatrix(WeightType type, int32_t n, int32_t k, uint32_t seed);

  // Packed for `table`; the memory lives as long as this.
  PackedMatrix packed(const Kernels& table, Stream stream = {});

  RowMajorMatrix matrix;
  std::vector<double> values;  // [n, k], exact

 private:
  std::vector<std::byte> data_;
  std::vector<std::byte> scales_;
  std::vector<uint8_t> zeros_;
  std::unique_ptr<AlignedBytes> packed_;
};

}  // namespace rondo::kernels
