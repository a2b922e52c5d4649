// rope_store and copy_token, by what they leave in the pages.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/bf16.h"
#include "tests/kernels/pages.h"
#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

class RopeStore : public testing::TestWithParam<const Kernels*> {};

// What rope_store does beside the default rotation.
struct Variant {
  bool has_bias = false;
  float factor = 1;
};

// What `table` makes of random rows, with each element's definition in double precision.
void expect_rotated_and_stored(const Kernels& table, const Variant& variant, const Shape& shape,
                               int32_t n_rows) {
  ThreadPool threads(2);
  constexpr float kTheta = 500000;
  Pages pages(table, 9, shape);
  Random random(n_rows);
  const int32_t d = shape.head_dim;
  const int32_t width = (shape.n_heads + 2 * shape.n_kv_heads) * d;
  std::vector<float> qkv = random.normals(int64_t{n_rows} * width);
  const std::vector<float> bias = random.normals(width);
  std::vector<float> before = qkv;
  for (int64_t i = 0; variant.has_bias && i < std::ssize(before); ++i) before[i] += bias[i % width];
  std::vector<int32_t> positions, slots;
  for (int32_t t = 0; t < n_rows; ++t) {
    positions.push_back(t % 3 == 0 ? t : t % 3 == 1 ? 1024 + 61 * t : 50000 + 797 * t);
    slots.push_back(t % 7 == 3 ? -1 : t + 5);  // some rows store nothing
  }
  const RopeStoreParams params{.qkv = qkv.data(),
                               .bias = variant.has_bias ? bias.data() : nullptr,
                               .positions = positions.data(),
                               .slots = slots.data(),
                               .kv = pages.layer(),
                               .n_rows = n_rows,
                               .n_heads = shape.n_heads,
                               .n_kv_heads = shape.n_kv_heads,
                               .head_dim = d,
                               .theta = kTheta,
                               .factor = variant.factor};
  ASSERT_EQ(table.rope_store(params, {&threads}), 0);
  for (int32_t t = 0; t < n_rows; ++t) {
    const float* from = before.data() + int64_t{t} * width;
    const float* to = qkv.data() + int64_t{t} * width;
    for (int32_t h = 0; h < shape.n_heads + shape.n_kv_heads; ++h) {
      for (int32_t i = 0; i < d / 2; ++i) {
        const double a = from[h * d + i], b = from[h * d + i + d / 2];
        const double angle = positions[t] * std::pow(kTheta, -2.0 * i / d) / variant.factor;
        // The angle is a float32 product, as where the model was trained.
        const double bound = 1e-5 + 3e-7 * angle * (std::abs(a) + std::abs(b));
        ASSERT_NEAR(to[h * d + i], a * std::cos(angle) - b * std::sin(angle), bound);
        ASSERT_NEAR(to[h * d + i + d / 2], b * std::cos(angle) + a * std::sin(angle), bound);
      }
    }
    const float* values = from + (shape.n_heads + shape.n_kv_heads) * d;
    if (slots[t] < 0) continue;
    for (int32_t h = 0; h < shape.n_kv_heads; ++h) {
      for (int32_t i = 0; i < d; ++i) {
        for (const bool value : {false, true}) {
          const float own = (value ? values : to + shape.n_heads * d)[h * d + i];
          const float stored =
              table.kv_type == KvType::kF32 ? own : bf16_to_float(float_to_bf16(own));
          ASSERT_EQ(pages.get(slots[t] / kPageTokens, slots[t] % kPageTokens, h, i, value), stored);
        }
      }
    }
  }
  EXPECT_TRUE(std::isnan(pages.get(0, 0, 0, 0, false))) << "a slot that no row has was written";
  // Slot 8 would have been that of row 3, which stores nothing.
  EXPECT_TRUE(std::isnan(pages.get(0, 8, 0, 0, true))) << "a negative slot was stored";
}

TEST_P(RopeStore, RotatesQueriesAndKeysAndStoresKeysAndValues) {
  for (const Variant& variant :
       {Variant{}, Variant{.has_bias = true}, Variant{.factor = 4}, Variant{true, 3}}) {
    for (const Shape shape : {Shape{}, Shape{4, 4, 20}, Shape{2, 1, 2}, Shape{14, 2, 64}}) {
      for (const int32_t n_rows : {1, 2, 17, 100}) {
        SCOPED_TRACE(testing::Message()
                     << "bias " << variant.has_bias << " factor " << variant.factor << " heads "
                     << shape.n_heads << " rows " << n_rows);
        expect_rotated_and_stored(*GetParam(), variant, shape, n_rows);
      }
    }
  }
}

// Rows share lanes of a page with their neighbours, whichever thread stores them.
TEST_P(RopeStore, StoresTheSameWhateverTheOrderAndTheThreads) {
  const Kernels& table = *GetParam();
  const Shape shape = {2, 1, 16};
  constexpr int32_t kRows = 160, kWidth = 4 * 16;
  const std::vector<float> qkv = Random(1).normals(kRows * kWidth);
  const auto store = [&](int32_t n_threads, int32_t step) {
    Pages pages(table, kRows / kPageTokens, shape);
    ThreadPool threads(n_threads);
    std::vector<float> rows(qkv.size());
    std::vector<int32_t> slots;
    for (int32_t t = 0; t < kRows; ++t) {
      slots.push_back(t * step % kRows);
      std::copy_n(qkv.data() + slots[t] * kWidth, kWidth, rows.data() + t * kWidth);
    }
    const RopeStoreParams params{.qkv = rows.data(),
                                 .positions = slots.data(),
                                 .slots = slots.data(),
                                 .kv = pages.layer(),
                                 .n_rows = kRows,
                                 .n_heads = shape.n_heads,
                                 .n_kv_heads = shape.n_kv_heads,
                                 .head_dim = shape.head_dim,
                                 .theta = 10000};
    EXPECT_EQ(table.rope_store(params, {&threads}), 0);
    return pages.elements(0, kRows / kPageTokens);
  };
  const std::vector<float> once = store(1, 1);
  EXPECT_EQ(once, store(3, 1));
  EXPECT_EQ(once, store(3, 77));  // neighbours far apart, in other threads' ranges
}

class CopyToken : public testing::TestWithParam<const Kernels*> {};

TEST_P(CopyToken, CopiesOneTokenAndLeavesTheOthers) {
  const Kernels& table = *GetParam();
  for (const Shape shape : {Shape{}, Shape{4, 4, 20}, Shape{2, 1, 2}}) {
    for (const int32_t from : {0, 5, 16, 31}) {
      for (const int32_t to : {0, 8, 9, 15, 31, 47}) {
        Random random(1);
        Pages pages(table, 3, shape);
        for (int32_t slot = 0; slot < 3 * kPageTokens; ++slot) {
          pages.fill(slot / kPageTokens, slot % kPageTokens, random);
        }
        std::vector<float> expected = pages.elements(0, 3);
        const int64_t n = static_cast<int64_t>(expected.size()) / (3 * kPageTokens);
        std::copy_n(expected.begin() + from * n, n, expected.begin() + to * n);
        const CopyTokenParams params{.kv = pages.layer(),
                                     .from_slot = from,
                                     .to_slot = to,
                                     .n_kv_heads = shape.n_kv_heads,
                                     .head_dim = shape.head_dim};
        ASSERT_EQ(table.copy_token(params, {}), 0);
        ASSERT_EQ(pages.elements(0, 3), expected) << from << " to " << to;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, CopyToken, testing::ValuesIn(runnable_tables()),
                         [](const auto& info) { return table_name(info.param); });
INSTANTIATE_TEST_SUITE_P(Tables, RopeStore, testing::ValuesIn(runnable_tables()),
                         [](const auto& info) { return table_name(info.param); });

}  // namespace
}  // namespace rondo::kernels
