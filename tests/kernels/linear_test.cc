#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/bf16.h"
#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

struct LinearCase {
  WeightType type;
  int32_t n, k, n_rows;
  int32_t padding;  // floats between rows of x, and of out
  bool accumulate;
};

constexpr WeightType kTypes[] = {WeightType::kBf16, WeightType::kInt8, WeightType::kInt4,
                                 WeightType::kInt4Zeros};

const char* type_name(WeightType type) {
  switch (type) {
    case WeightType::kBf16:
      return " bf16";
    case WeightType::kInt8:
      return " int8";
    case WeightType::kInt4:
      return " int4";
    case WeightType::kInt4Zeros:
      return " int4 with zero points";
  }
  return "";
}

std::vector<LinearCase> cases() {
  std::vector<LinearCase> list;
  // Exact tiles, odd tails, one row or column, more than one chunk of K.
  const int32_t shapes[][2] = {{64, 64},  {640, 640}, {1, 20},    {17, 20},  {3, 1},
                               {33, 100}, {100, 257}, {96, 1792}, {50, 4100}};
  for (const WeightType type : kTypes) {
    for (const auto& [n, k] : shapes) {
      for (const int32_t n_rows : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 64, 100}) {
        const bool odd = (n_rows % 2) == 1;
        list.push_back({type, n, k, n_rows, odd ? 0 : 5, !odd});
      }
    }
  }
  return list;
}

// Runs linear on seeded data; rows [first, first + n) of an input that depends on the row alone.
std::vector<float> run(const Kernels& table, const PackedMatrix& weight,
                       const std::vector<float>& x, const LinearCase& c, Stream stream) {
  const int32_t out_stride = c.n + c.padding;
  std::vector<float> out(int64_t{c.n_rows} * out_stride - c.padding, 0.5f);
  const LinearParams params{.x = x.data(),
                            .x_stride = c.k + c.padding,
                            .weight = weight,
                            .out = out.data(),
                            .out_stride = out_stride,
                            .n_rows = c.n_rows,
                            .accumulate = c.accumulate};
  EXPECT_EQ(table.linear(params, stream), 0);
  return out;
}

std::vector<float> input(const LinearCase& c, uint32_t seed) {
  std::vector<float> x = Random(seed).normals(int64_t{c.n_rows} * (c.k + c.padding) - c.padding);
  for (int32_t t = 0; t < c.n_rows; ++t) x[int64_t{t} * (c.k + c.padding)] *= 10;  // an outlier
  return x;
}

class Linear : public testing::TestWithParam<const Kernels*> {};

TEST_P(Linear, EqualsTheExactSumWithinItsNumerics) {
  const Kernels& table = *GetParam();
  ThreadPool threads(2);
  for (const LinearCase& c : cases()) {
    SCOPED_TRACE(testing::Message()
                 << "n " << c.n << " k " << c.k << " rows " << c.n_rows << type_name(c.type));
    TestMatrix weight(c.type, c.n, c.k, 1);
    const std::vector<float> x = input(c, 2);
    const std::vector<float> out = run(table, weight.packed(table), x, c, {&threads});
    const LinearError error = linear_error(table, c.type, c.n_rows);
    for (int32_t t = 0; t < c.n_rows; ++t) {
      const float* row = x.data() + int64_t{t} * (c.k + c.padding);
      double largest = 0;
      for (int32_t k = 0; k < c.k; ++k) largest = std::max<double>(largest, std::abs(row[k]));
      for (int32_t n = 0; n < c.n; ++n) {
        double sum = c.accumulate ? 0.5 : 0, bound = 1e-6;
        for (int32_t k = 0; k < c.k; ++k) {
          const double w = weight.values[int64_t{n} * c.k + k];
          sum += row[k] * w;
          bound += error.relative * std::abs(row[k] * w) + error.of_largest * largest * std::abs(w);
        }
        ASSERT_NEAR(out[int64_t{t} * (c.n + c.padding) + n], sum, bound)
            << "row " << t << " n " << n;
      }
    }
  }
}

TEST_P(Linear, ARowDependsNeitherOnItsNeighboursNorOnTheThreads) {
  const Kernels& table = *GetParam();
  ThreadPool one(1), two(2), three(3);
  for (const WeightType type : kTypes) {
    for (const int32_t n_rows : {table.few_rows, 100}) {
      const LinearCase all{type, 100, 257, n_rows, 0, true};
      TestMatrix weight(type, all.n, all.k, 3);
      const PackedMatrix packed = weight.packed(table);
      const std::vector<float> x = input(all, 4);
      const std::vector<float> out = run(table, packed, x, all, {&one});
      EXPECT_EQ(out, run(table, packed, x, all, {&two}));
      EXPECT_EQ(out, run(table, packed, x, all, {&three}));
      // Within a family (few rows, or more) any part of the rows gives the same bits.
      const int32_t fewest = n_rows <= table.few_rows ? 1 : table.few_rows + 1;
      for (int32_t n = fewest; n <= n_rows; n += 3) {
        const int32_t first = n_rows - n;
        LinearCase part = all;
        part.n_rows = n;
        const std::vector<float> rows(x.begin() + int64_t{first} * all.k, x.end());
        const std::vector<float> expected(out.begin() + int64_t{first} * all.n, out.end());
        EXPECT_EQ(expected, run(table, packed, rows, part, {&two})) << n << " rows";
      }
    }
  }
}

TEST_P(Linear, RefusesArgumentsThatBreakTheContract) {
  const Kernels& table = *GetParam();
  TestMatrix weight(WeightType::kBf16, 8, 8, 5);
  std::vector<float> x(8), out(8);
  const LinearParams good{.x = x.data(),
                          .x_stride = 8,
                          .weight = weight.packed(table),
                          .out = out.data(),
                          .out_stride = 8,
                          .n_rows = 1};
  ThreadPool threads(1);
  const Stream stream{&threads};
  EXPECT_EQ(table.linear(good, stream), 0);
  LinearParams bad = good;
  bad.x_stride = 7;
  EXPECT_NE(table.linear(bad, stream), 0);
  bad = good;
  bad.out = nullptr;
  EXPECT_NE(table.linear(bad, stream), 0);
  RowMajorMatrix no_scales = weight.matrix;
  no_scales.type = WeightType::kInt8;
  AlignedBytes memory(table.packed_bytes(WeightType::kInt8, 8, 8));
  EXPECT_NE(table.pack(no_scales, memory.data(), stream), 0);
  TestMatrix zeros(WeightType::kInt4Zeros, 8, 8, 5);
  zeros.matrix.zeros = nullptr;
  AlignedBytes int4(table.packed_bytes(WeightType::kInt4Zeros, 8, 8));
  EXPECT_NE(table.pack(zeros.matrix, int4.data(), stream), 0);
}

TEST_P(Linear, PackedBytesAreAMultipleOf64) {
  for (const WeightType type : kTypes) {
    for (const int32_t n : {1, 17, 640}) {
      for (const int32_t k : {1, 20, 640}) {
        EXPECT_EQ(GetParam()->packed_bytes(type, n, k) % 64, 0);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Linear, testing::ValuesIn(runnable_tables()),
                         [](const auto& info) { return table_name(info.param); });

}  // namespace
}  // namespace rondo::kernels
