// A row's bits must not depend on how many rows there are, also in the sizes of real models: there
// cuBLASLt has other algorithms than for the small matrices of the other tests, and one for each
// bucket of row counts.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/device.h"
#include "tests/gpu/plugin.h"

namespace rondo::kernels {
namespace {

constexpr int32_t kMostRows = 4096;
constexpr int32_t kRowCounts[] = {33, 64, 65, 130, 300, 512, 777, 1024, 1664, 2048, 3328};
constexpr int32_t kComparedRows = 64;

struct LayerShape {
  const char* name;
  int32_t hidden, ffn, n_heads, n_kv_heads, head_dim;

  int32_t heads() const { return n_heads * head_dim; }
  int32_t qkv() const { return (n_heads + 2 * n_kv_heads) * head_dim; }
};
constexpr LayerShape kModels[] = {{"7B", 5120, 27648, 40, 8, 128}, {"mini", 640, 1792, 10, 2, 64}};

// Device memory that is the test's.
class Gpu {
 public:
  Gpu() { EXPECT_TRUE(open_plugin(device_, why_)) << why_; }
  ~Gpu() {
    for (void* piece : pieces_) device_.release(device_.state, piece);
    if (device_.close != nullptr) device_.close(device_.state);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  const Kernels& table() const { return *device_.kernels; }
  Stream stream() const { return {.device = device_.state}; }

  std::byte* allocate(int64_t n_bytes) {
    void* piece = nullptr;
    EXPECT_EQ(device_.allocate(device_.state, n_bytes, &piece), 0);
    pieces_.push_back(piece);
    return static_cast<std::byte*>(piece);
  }
  float* floats(int64_t n) { return reinterpret_cast<float*>(allocate(n * 4)); }
  void copy(void* to, const void* from, int64_t n_bytes) {
    EXPECT_EQ(device_.copy(device_.state, to, from, n_bytes), 0);
  }
  std::vector<float> download(const float* from, int64_t n) {
    std::vector<float> values(n);
    EXPECT_EQ(device_.download(device_.state, values.data(), from, n * 4), 0);
    return values;
  }

  // Random numbers of about 1 as float32 and as bf16.
  std::byte* random(int64_t n_bytes, uint32_t seed) {
    std::mt19937 engine(seed);
    std::vector<uint32_t> block(4 << 20);
    for (uint32_t& word : block) word = (engine() & 0x83ff83ffu) | 0x3c003c00u;
    std::byte* piece = allocate(n_bytes);
    auto filled = std::min(n_bytes, static_cast<int64_t>(block.size()) * 4);
    EXPECT_EQ(device_.upload(device_.state, piece, block.data(), filled), 0);
    for (; filled < n_bytes; filled += std::min(filled, n_bytes - filled)) {
      copy(piece + filled, piece, std::min(filled, n_bytes - filled));
    }
    return piece;
  }
  PackedMatrix matrix(int32_t n, int32_t k, uint32_t seed) {
    std::byte* packed = allocate(table().packed_bytes(WeightType::kBf16, n, k));
    EXPECT_EQ(
        table().pack({.data = random(int64_t{2} * n * k, seed), .n = n, .k = k}, packed, stream()),
        0);
    return {.data = packed, .n = n, .k = k};
  }

 private:
  Device device_;
  std::string why_;
  std::vector<void*> pieces_;
};

class RowBits : public testing::TestWithParam<LayerShape> {};

TEST_P(RowBits, OfAProductDoNotDependOnTheNumberOfRows) {
  const LayerShape& shape = GetParam();
  Gpu gpu;
  const auto expect_equal_bits = [&](int32_t n, int32_t k, bool accumulate) {
    const PackedMatrix weight = gpu.matrix(n, k, 1);
    const auto* x = reinterpret_cast<const float*>(gpu.random(int64_t{4} * kMostRows * k, 2));
    const std::byte* before = gpu.random(int64_t{4} * kMostRows * n, 3);
    float* out = gpu.floats(int64_t{kMostRows} * n);
    const auto run = [&](int32_t n_rows) {
      gpu.copy(out, before, int64_t{4} * kMostRows * n);
      EXPECT_EQ(gpu.table().linear({.x = x,
                                    .x_stride = k,
                                    .weight = weight,
                                    .out = out,
                                    .out_stride = n,
                                    .n_rows = n_rows,
                                    .accumulate = accumulate},
                                   gpu.stream()),
                0);
      return gpu.download(out, int64_t{std::min(n_rows, kComparedRows)} * n);
    };
    const std::vector<float> all = run(kMostRows);
    for (const int32_t n_rows : kRowCounts) {
      const std::vector<float> some = run(n_rows);
      EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()))
          << n << " x " << k << ", " << n_rows << " rows";
    }
  };
  expect_equal_bits(shape.qkv(), shape.hidden, false);
  expect_equal_bits(shape.hidden, shape.heads(), true);
}

TEST_P(RowBits, OfQueriesDoNotDependOnTheNumberOfRows) {
  const LayerShape& shape = GetParam();
  Gpu gpu;
  const PackedMatrix weight = gpu.matrix(shape.qkv(), shape.hidden, 1);
  const auto* norm_weight = reinterpret_cast<const float*>(gpu.random(4 * shape.hidden, 2));
  const auto* x =
      reinterpret_cast<const float*>(gpu.random(int64_t{4} * kMostRows * shape.hidden, 3));
  float* normed = gpu.floats(int64_t{kMostRows} * shape.hidden);
  float* qkv = gpu.floats(int64_t{kMostRows} * shape.qkv());
  std::vector<int32_t> numbers(kMostRows);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto* positions = reinterpret_cast<int32_t*>(gpu.floats(kMostRows));
  gpu.copy(positions, numbers.data(), 4 * kMostRows);
  const int64_t page_bytes = int64_t{4} * shape.n_kv_heads * kPageTokens * shape.head_dim;
  const KvLayer kv{.data = gpu.allocate(page_bytes * kMostRows / kPageTokens),
                   .page_stride_bytes = page_bytes,
                   .type = KvType::kBf16};
  const auto run = [&](int32_t n_rows) {
    EXPECT_EQ(gpu.table().qkv({.x = x,
                               .norm_weight = norm_weight,
                               .eps = 1e-5f,
                               .weight = weight,
                               .normed = normed,
                               .rope = {.qkv = qkv,
                                        .positions = positions,
                                        .slots = positions,
                                        .kv = kv,
                                        .n_rows = n_rows,
                                        .n_heads = shape.n_heads,
                                        .n_kv_heads = shape.n_kv_heads,
                                        .head_dim = shape.head_dim,
                                        .theta = 10000}},
                              gpu.stream()),
              0);
    const int32_t n_compared = std::min(n_rows, kComparedRows);
    std::vector<float> rows = gpu.download(qkv, int64_t{n_compared} * shape.qkv());
    std::vector<float> queries;
    for (int64_t row = 0; row < n_compared; ++row) {
      const auto first = rows.begin() + row * shape.qkv();
      queries.insert(queries.end(), first, first + shape.heads());
    }
    return queries;
  };
  const std::vector<float> all = run(kMostRows);
  for (const int32_t n_rows : kRowCounts) {
    const std::vector<float> some = run(n_rows);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << n_rows << " rows";
  }
}

// A test for each number of rows: under a race checker a 7B takes minutes.
class FeedForwardBits : public testing::TestWithParam<std::tuple<LayerShape, int32_t>> {};

TEST_P(FeedForwardBits, DoNotDependOnTheNumberOfRows) {
  const auto& [shape, n_rows] = GetParam();
  Gpu gpu;
  const PackedMatrix gate_up = gpu.matrix(2 * shape.ffn, shape.hidden, 1);
  const PackedMatrix down = gpu.matrix(shape.hidden, shape.ffn, 2);
  const auto* norm_weight = reinterpret_cast<const float*>(gpu.random(4 * shape.hidden, 3));
  const std::byte* before = gpu.random(int64_t{4} * kMostRows * shape.hidden, 4);
  float* x = gpu.floats(int64_t{kMostRows} * shape.hidden);
  float* normed = gpu.floats(int64_t{kMostRows} * shape.hidden);
  float* gate_up_rows = gpu.floats(int64_t{2} * kMostRows * shape.ffn);
  float* hidden = gpu.floats(int64_t{kMostRows} * shape.ffn);
  const auto run = [&](int32_t n) {
    gpu.copy(x, before, int64_t{4} * kMostRows * shape.hidden);
    EXPECT_EQ(gpu.table().feed_forward({.x = x,
                                        .norm_weight = norm_weight,
                                        .eps = 1e-5f,
                                        .gate_up = gate_up,
                                        .down = down,
                                        .normed = normed,
                                        .gate_up_rows = gate_up_rows,
                                        .hidden = hidden,
                                        .n_rows = n},
                                       gpu.stream()),
              0);
    return gpu.download(x, int64_t{std::min(n, kComparedRows)} * shape.hidden);
  };
  const std::vector<float> all = run(kMostRows);
  const std::vector<float> some = run(n_rows);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()));
}

INSTANTIATE_TEST_SUITE_P(Models, RowBits, testing::ValuesIn(kModels),
                         [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(Models, FeedForwardBits,
                         testing::Combine(testing::ValuesIn(kModels),
                                          testing::Values(33, 65, 300, 1024, 3328)),
                         [](const auto& info) {
                           return std::get<0>(info.param).name +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace rondo::kernels
