#include "bench/kernels.h"

#include <algorithm>
#include <chrono>
#include <random>

#include "base/check.h"
#include "engine/host_memory.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kWeightBytes = 64 << 20;
constexpr auto kTime = std::chrono::milliseconds(200);

// A random matrix as a checkpoint stores it.
class RandomMatrix {
 public:
  explicit RandomMatrix(const LinearShape& shape)
      : weights_(int64_t{shape.n} * shape.k * (shape.type == kernels::WeightType::kInt8 ? 1 : 2)),
        scales_(shape.n, 0x3c00),  // 2^-7
        shape_(shape) {
    std::mt19937 random(1);
    for (auto& byte : weights_) byte = static_cast<uint8_t>(random() & 0x3f);  // any bf16 is finite
  }

  kernels::RowMajorMatrix view() const {
    return {.data = weights_.data(),
            .scales = shape_.type == kernels::WeightType::kInt8 ? scales_.data() : nullptr,
            .n = shape_.n,
            .k = shape_.k,
            .type = shape_.type};
  }

 private:
  std::vector<uint8_t> weights_;
  std::vector<uint16_t> scales_;
  LinearShape shape_;
};

LinearSpeed measure(const kernels::Kernels& table, const LinearShape& shape,
                    kernels::ThreadPool& threads) {
  const RandomMatrix matrix(shape);
  const int64_t packed_bytes = table.packed_bytes(shape.type, shape.n, shape.k);
  const int64_t n_copies = std::max<int64_t>(1, kWeightBytes / packed_bytes);
  Result<engine::HostMemory> packed = engine::HostMemory::allocate(n_copies * packed_bytes);
  CHECK(packed.ok(), "64 MiB of weights fit the memory");
  for (int64_t i = 0; i < n_copies; ++i) {
    CHECK(table.pack(matrix.view(), packed->data() + i * packed_bytes, {&threads}) == 0, "packs");
  }
  std::vector<float> x(int64_t{shape.n_rows} * shape.k, 0.5f);
  std::vector<float> out(int64_t{shape.n_rows} * shape.n);
  kernels::LinearParams params{.x = x.data(),
                               .x_stride = shape.k,
                               .weight = {.n = shape.n, .k = shape.k, .type = shape.type},
                               .out = out.data(),
                               .out_stride = shape.n,
                               .n_rows = shape.n_rows};
  double best = 1e9;
  const Clock::time_point end = Clock::now() + kTime;
  for (int64_t call = 0; call < 3 || Clock::now() < end; ++call) {
    params.weight.data = packed->data() + call % n_copies * packed_bytes;
    const Clock::time_point start = Clock::now();
    CHECK(table.linear(params, {&threads}) == 0, "the shape keeps the contract");
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return {.shape = shape,
          .seconds = best,
          .flops_per_s = 2.0 * shape.n_rows * shape.n * shape.k / best,
          .weight_bytes_per_s = static_cast<double>(packed_bytes) / best};
}

}  // namespace

std::vector<LinearSpeed> measure_linear(const kernels::Kernels& table,
                                        std::span<const LinearShape> shapes,
                                        kernels::ThreadPool& threads) {
  std::vector<LinearSpeed> speeds;
  for (const LinearShape& shape : shapes) speeds.push_back(measure(table, shape, threads));
  return speeds;
}

}  // namespace rondo::bench
