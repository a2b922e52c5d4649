// Launchers that treat every row by itself: embed, rms_norm, swiglu.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

constexpr int32_t kRowCounts[] = {1, 2, 5, 16, 17, 100};
constexpr int32_t kDims[] = {1, 7, 20, 64, 640, 1793};

class Rows : public testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& table() const { return *GetParam(); }
  ThreadPool threads_{2};
  Stream stream_{&threads_};
};

TEST_P(Rows, EmbedCopiesTheRowsOfTheTable) {
  for (const WeightType type : {WeightType::kBf16, WeightType::kInt8}) {
    for (const int32_t dim : kDims) {
      const TestMatrix matrix(type, 9, dim, 1);
      const std::vector<int32_t> ids = {8, 0, 3, 3, 7};
      std::vector<float> x(ids.size() * dim);
      ASSERT_EQ(
          table().embed({.ids = ids.data(), .table = matrix.matrix, .x = x.data(), .n_rows = 5},
                        stream_),
          0);
      for (size_t t = 0; t < ids.size(); ++t) {
        for (int32_t i = 0; i < dim; ++i) {
          const double expected = matrix.values[int64_t{ids[t]} * dim + i];
          ASSERT_EQ(x[t * dim + i], static_cast<float>(expected));
        }
      }
    }
  }
}

TEST_P(Rows, EmbedRefusesAnIdOutsideTheTable) {
  if (table_name(&table()) == "cuda") GTEST_SKIP() << "a launcher cannot look into its memory";
  const TestMatrix matrix(WeightType::kBf16, 9, 8, 1);
  std::vector<float> x(8);
  for (const int32_t id : {-1, 9}) {
    EXPECT_NE(
        table().embed({.ids = &id, .table = matrix.matrix, .x = x.data(), .n_rows = 1}, stream_),
        0);
  }
}

TEST_P(Rows, RmsNormDividesByTheRootMeanSquareAlsoInPlace) {
  constexpr float kEps = 1e-5f;
  for (const int32_t n_rows : kRowCounts) {
    for (const int32_t dim : kDims) {
      Random random(n_rows * 10000 + dim);
      const std::vector<float> x = random.normals(int64_t{n_rows} * dim);
      const std::vector<float> weight = random.normals(dim);
      std::vector<float> out(x.size()), in_place = x;
      RmsNormParams params{.x = x.data(),
                           .weight = weight.data(),
                           .out = out.data(),
                           .n_rows = n_rows,
                           .dim = dim,
                           .eps = kEps};
      ASSERT_EQ(table().rms_norm(params, stream_), 0);
      params.x = params.out = in_place.data();
      ASSERT_EQ(table().rms_norm(params, stream_), 0);
      EXPECT_EQ(out, in_place);
      for (int32_t t = 0; t < n_rows; ++t) {
        double sum = 0;
        for (int32_t i = 0; i < dim; ++i) sum += std::pow(x[int64_t{t} * dim + i], 2);
        for (int32_t i = 0; i < dim; ++i) {
          const double expected = x[int64_t{t} * dim + i] / std::sqrt(sum / dim + kEps) * weight[i];
          ASSERT_NEAR(out[int64_t{t} * dim + i], expected, 1e-5 * (1 + std::abs(expected)));
        }
      }
    }
  }
}

TEST_P(Rows, SwigluGatesTheSecondHalfByTheFirst) {
  for (const int32_t n_rows : kRowCounts) {
    for (const int32_t dim : kDims) {
      std::vector<float> gate_up = Random(n_rows * 10000 + dim).normals(int64_t{n_rows} * dim * 2);
      gate_up[0] = -100;  // silu(-100) is 0, not NaN
      gate_up[gate_up.size() - dim - 1] = 100;
      std::vector<float> out(int64_t{n_rows} * dim);
      ASSERT_EQ(table().swiglu(
                    {.gate_up = gate_up.data(), .out = out.data(), .n_rows = n_rows, .dim = dim},
                    stream_),
                0);
      for (int32_t t = 0; t < n_rows; ++t) {
        for (int32_t i = 0; i < dim; ++i) {
          const double gate = gate_up[int64_t{t} * dim * 2 + i];
          const double expected =
              gate / (1 + std::exp(-gate)) * gate_up[int64_t{t} * dim * 2 + dim + i];
          ASSERT_NEAR(out[int64_t{t} * dim + i], expected, 1e-6 * (1 + std::abs(expected)));
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Rows, testing::ValuesIn(runnable_tables()),
                         [](const auto& info) { return table_name(info.param); });

}  // namespace
}  // namespace rondo::kernels
