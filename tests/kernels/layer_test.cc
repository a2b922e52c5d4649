// The coarse launchers, qkv, attend and feed_forward, against the reference's parts one by one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/launch.h"
#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

constexpr float kEps = 1e-5f;

// Shapes of a small layer; the second has sizes that are no multiple of a tile.
struct LayerShape {
  int32_t hidden, ffn, n_heads, n_kv_heads, head_dim;
};
constexpr LayerShape kShapes[] = {{128, 320, 6, 2, 64}, {140, 100, 4, 2, 24}};
constexpr LayerShape kSevenHeads = {128, 320, 7, 1, 64};  // a KV head
constexpr int32_t kRowCounts[] = {1, 2, 5, 8, 9, 16, 17, 32, 33, 100};
constexpr WeightType kTypes[] = {WeightType::kBf16, WeightType::kInt8, WeightType::kInt4,
                                 WeightType::kInt4Zeros};

// The part of a typical element that a product may be off by: what linear_error allows each term,
// times four, since the terms' errors have either sign; a row's largest element is up to eight
// typical ones.
double tolerance(const Kernels& table, WeightType type, int32_t n_rows) {
  const LinearError error = linear_error(table, type, n_rows);
  return 1e-5 + 4 * (error.relative + 8 * error.of_largest);
}

double root_mean_square(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

void expect_near(const std::vector<float>& out, const std::vector<float>& expected, double part) {
  ASSERT_EQ(out.size(), expected.size());
  const double bound = part * root_mean_square(expected);
  for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], bound) << i;
}

// One layer's first half, then attention over what it wrote: that shows queries, keys and values,
// however the table lays out its pages.
class Projection {
 public:
  // With a bias whose elements are as large as the product's.
  enum class Bias { kNone, kAdded };
  Projection(WeightType type, const LayerShape& shape, int32_t n_rows, Bias bias = Bias::kNone)
      : shape_(shape),
        n_rows_(n_rows),
        weight_(type, qkv_dim(), shape.hidden, 1),
        o_(type, shape.hidden, shape.n_heads * shape.head_dim, 5),
        x_(Random(2).normals(int64_t{n_rows} * shape.hidden)),
        norm_weight_(Random(3).normals(shape.hidden)),
        bias_(bias == Bias::kAdded ? Random(7).normals(qkv_dim()) : std::vector<float>()),
        positions_(n_rows),
        slots_(n_rows),
        own_pages_((n_rows + kPageTokens - 1) / kPageTokens) {
    std::iota(positions_.begin(), positions_.end(), 1000);
    std::iota(slots_.begin(), slots_.end(), 0);
    std::iota(own_pages_.begin(), own_pages_.end(), 0);
    spans_ = {{.n_rows = n_rows, .own_pages = own_pages_.data()}};
    for (float& value : norm_weight_) value *= 1.0f / std::sqrt(static_cast<float>(shape.hidden));
  }

  // What attention makes of all rows, then their queries: f32 [2 T, H D].
  std::vector<float> run(const Kernels& table, Stream stream) {
    AlignedBytes pages(page_bytes(table) * std::ssize(own_pages_));
    const KvLayer kv = layer(table, pages);
    std::vector<float> qkv = project(table, kv, stream);
    std::vector<float> out(int64_t{n_rows_} * shape_.n_heads * shape_.head_dim, NAN);
    EXPECT_EQ(table.attention(attention(qkv.data(), out.data(), kv), stream), 0);
    for (int64_t row = 0; row < n_rows_; ++row) {
      const float* queries = qkv.data() + row * qkv_dim();
      out.insert(out.end(), queries, queries + shape_.n_heads * shape_.head_dim);
    }
    return out;
  }

  // x of the rows from first_row on, after attention and its product were added: f32 [., C]. With a
  // window there is a second branch.
  std::vector<float> run_to_x(const Kernels& table, int32_t first_row, int32_t window,
                              Stream stream) {
    AlignedBytes pages(page_bytes(table) * std::ssize(own_pages_));
    const KvLayer kv = layer(table, pages);
    std::vector<float> qkv = project(table, kv, stream), x = x_;
    std::vector<float> out(int64_t{n_rows_} * shape_.n_heads * shape_.head_dim, NAN), room = out;
    std::vector<float> gates = Random(6).normals(shape_.n_heads * (shape_.head_dim + 1));
    AttentionParams params = attention(qkv.data(), out.data(), kv);
    params.first_row = first_row;
    params.n_rows = n_rows_ - first_row;
    if (window > 0) {
      params.second = {.spans = spans_.data(),
                       .n_spans = 1,
                       .n_entries = params.n_entries,
                       .window = window,
                       .weight = gates.data(),
                       .bias = gates.data() + shape_.n_heads * shape_.head_dim,
                       .room = room.data()};
    }
    EXPECT_EQ(
        table.attend({.attention = params, .o = o_.packed(table, stream), .x = x.data()}, stream),
        0);
    EXPECT_TRUE(std::equal(x.begin(), x.begin() + first_row * int64_t{shape_.hidden}, x_.begin()))
        << "rows before the first were written";
    return {x.begin() + first_row * int64_t{shape_.hidden}, x.end()};
  }

 private:
  KvLayer layer(const Kernels& table, AlignedBytes& pages) const {
    std::fill_n(pages.data(), page_bytes(table) * std::ssize(own_pages_), std::byte{0});
    return {.data = pages.data(), .page_stride_bytes = page_bytes(table), .type = table.kv_type};
  }
  // Queries, and keys and values into the pages.
  std::vector<float> project(const Kernels& table, const KvLayer& kv, Stream stream) {
    std::vector<float> normed(x_.size()), qkv(int64_t{n_rows_} * qkv_dim(), NAN);
    EXPECT_EQ(table.qkv({.x = x_.data(),
                         .norm_weight = norm_weight_.data(),
                         .eps = kEps,
                         .weight = weight_.packed(table, stream),
                         .normed = normed.data(),
                         .rope = rope(qkv.data(), kv)},
                        stream),
              0);
    return qkv;
  }

  int32_t qkv_dim() const { return (shape_.n_heads + 2 * shape_.n_kv_heads) * shape_.head_dim; }
  int64_t page_bytes(const Kernels& table) const {
    return int64_t{2} * shape_.n_kv_heads * kPageTokens * shape_.head_dim *
           kv_type_bytes(table.kv_type);
  }
  RopeStoreParams rope(float* qkv, const KvLayer& kv) const {
    return {.qkv = qkv,
            .bias = bias_.empty() ? nullptr : bias_.data(),
            .positions = positions_.data(),
            .slots = slots_.data(),
            .kv = kv,
            .n_rows = n_rows_,
            .n_heads = shape_.n_heads,
            .n_kv_heads = shape_.n_kv_heads,
            .head_dim = shape_.head_dim,
            .theta = 10000};
  }
  AttentionParams attention(const float* qkv, float* out, const KvLayer& kv) const {
    return {.q = qkv,
            .q_stride = qkv_dim(),
            .out = out,
            .spans = spans_.data(),
            .n_spans = 1,
            .n_rows = n_rows_,
            .n_entries = static_cast<int32_t>(own_pages_.size()),
            .kv = kv,
            .n_heads = shape_.n_heads,
            .n_kv_heads = shape_.n_kv_heads,
            .head_dim = shape_.head_dim,
            .scale = 1.0f / std::sqrt(static_cast<float>(shape_.head_dim))};
  }

  LayerShape shape_;
  int32_t n_rows_;
  TestMatrix weight_, o_;
  std::vector<float> x_, norm_weight_, bias_;
  std::vector<int32_t> positions_, slots_, own_pages_;
  std::vector<QuerySpan> spans_;
};

// One layer's second half.
class FeedForward {
 public:
  FeedForward(WeightType type, const LayerShape& shape)
      : shape_(shape),
        gate_up_(type, 2 * shape.ffn, shape.hidden, 1),
        down_(type, shape.hidden, shape.ffn, 2),
        norm_weight_(Random(3).normals(shape.hidden)) {
    for (float& value : norm_weight_) value *= 1.0f / std::sqrt(static_cast<float>(shape.hidden));
  }

  // x after it. x: f32 [T, C]
  std::vector<float> run(const Kernels& table, std::vector<float> x, Stream stream) {
    const auto n_rows = static_cast<int32_t>(std::ssize(x) / shape_.hidden);
    std::vector<float> normed(x.size()), hidden(int64_t{n_rows} * shape_.ffn);
    std::vector<float> gate_up_rows(2 * hidden.size());
    EXPECT_EQ(table.feed_forward({.x = x.data(),
                                  .norm_weight = norm_weight_.data(),
                                  .eps = kEps,
                                  .gate_up = gate_up_.packed(table, stream),
                                  .down = down_.packed(table, stream),
                                  .normed = normed.data(),
                                  .gate_up_rows = gate_up_rows.data(),
                                  .hidden = hidden.data(),
                                  .n_rows = n_rows},
                                 stream),
              0);
    return x;
  }

 private:
  LayerShape shape_;
  TestMatrix gate_up_, down_;
  std::vector<float> norm_weight_;
};

class Layer : public testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& table() const { return *GetParam(); }
  void expect_qkv_like_the_reference(WeightType type, const LayerShape& shape, int32_t n_rows,
                                     Projection::Bias bias) {
    SCOPED_TRACE(testing::Message() << "type " << static_cast<int>(type) << " hidden "
                                    << shape.hidden << " rows " << n_rows);
    Projection projection(type, shape, n_rows, bias);
    // Keys and values, and where there are many rows also queries, pass through bf16.
    const double rounding = table().kv_type == KvType::kBf16 ? 0x1p-5 : 1e-5;
    expect_near(projection.run(table(), stream_), projection.run(reference_kernels(), {&threads_}),
                rounding + tolerance(table(), type, n_rows));
  }
  ThreadPool threads_{2};
  Stream stream_{&threads_};
};

TEST_P(Layer, QkvGivesRotatedQueriesAndThePagesKeysAndValues) {
  for (const WeightType type : kTypes) {
    for (const LayerShape& shape : kShapes) {
      for (const int32_t n_rows : kRowCounts)
        expect_qkv_like_the_reference(type, shape, n_rows, Projection::Bias::kNone);
    }
  }
}

TEST_P(Layer, QkvAddsTheBiasBeforeItRotates) {
  for (const WeightType type : kTypes) {
    for (const LayerShape& shape : {kSevenHeads, kShapes[1]}) {
      for (const int32_t n_rows : {1, 9, 32, 33, 100})
        expect_qkv_like_the_reference(type, shape, n_rows, Projection::Bias::kAdded);
    }
  }
}

TEST_P(Layer, QkvOfARowDependsOnThatRowAlone) {
  const LayerShape& shape = kShapes[0];
  const int64_t width = int64_t{shape.n_heads} * shape.head_dim;
  for (const WeightType type : kTypes) {
    for (const int32_t n_rows : {table().few_rows, 100}) {
      const std::vector<float> all = Projection(type, shape, n_rows).run(table(), stream_);
      for (int32_t n = n_rows <= table().few_rows ? 1 : table().few_rows + 1; n < n_rows;
           n += n_rows / 8) {
        // What attention makes of the first n rows, then their queries.
        std::vector<float> expected(all.begin(), all.begin() + n * width);
        const auto queries = all.begin() + n_rows * width;
        expected.insert(expected.end(), queries, queries + n * width);
        ASSERT_EQ(Projection(type, shape, n).run(table(), stream_), expected)
            << n << " of " << n_rows << " rows, type " << static_cast<int>(type);
      }
    }
  }
}

TEST_P(Layer, AttendAddsTheProductOfAttention) {
  for (const WeightType type : kTypes) {
    for (const LayerShape& shape : kShapes) {
      for (const int32_t n_rows : kRowCounts) {
        for (const int32_t window : {0, 8}) {
          SCOPED_TRACE(testing::Message()
                       << "type " << static_cast<int>(type) << " hidden " << shape.hidden
                       << " rows " << n_rows << " window " << window);
          Projection projection(type, shape, n_rows);
          const int32_t first_row = n_rows / 4;
          const double rounding = table().kv_type == KvType::kBf16 ? 0x1p-5 : 1e-5;
          expect_near(projection.run_to_x(table(), first_row, window, stream_),
                      projection.run_to_x(reference_kernels(), first_row, window, {&threads_}),
                      rounding + 2 * tolerance(table(), type, n_rows - first_row));
        }
      }
    }
  }
}

// Of as many rows before, the last ones.
TEST_P(Layer, AttendOfARowDependsOnThatRowAlone) {
  const LayerShape& shape = kShapes[0];
  for (const WeightType type : kTypes) {
    for (const int32_t window : {0, 8}) {
      Projection projection(type, shape, 100);
      const std::vector<float> all = projection.run_to_x(table(), 0, window, stream_);
      for (const int32_t first_row : {20, 50, 60}) {
        const std::vector<float> expected(all.begin() + first_row * int64_t{shape.hidden},
                                          all.end());
        ASSERT_EQ(projection.run_to_x(table(), first_row, window, stream_), expected)
            << "from " << first_row << ", type " << static_cast<int>(type);
      }
    }
  }
}

TEST_P(Layer, FeedForwardAddsTheGatedProduct) {
  for (const WeightType type : kTypes) {
    for (const LayerShape& shape : kShapes) {
      FeedForward layer(type, shape);
      for (const int32_t n_rows : kRowCounts) {
        SCOPED_TRACE(testing::Message() << "type " << static_cast<int>(type) << " hidden "
                                        << shape.hidden << " rows " << n_rows);
        const std::vector<float> x = Random(4).normals(int64_t{n_rows} * shape.hidden);
        expect_near(layer.run(table(), x, stream_), layer.run(reference_kernels(), x, {&threads_}),
                    3 * tolerance(table(), type, n_rows));
      }
    }
  }
}

TEST_P(Layer, FeedForwardOfARowDependsOnThatRowAlone) {
  for (const WeightType type : kTypes) {
    FeedForward layer(type, kShapes[0]);
    const int32_t hidden = kShapes[0].hidden;
    for (const int32_t n_rows : {table().few_rows, 300}) {
      const std::vector<float> x = Random(4).normals(int64_t{n_rows} * hidden);
      const std::vector<float> all = layer.run(table(), x, stream_);
      const int32_t fewest = n_rows <= table().few_rows ? 1 : table().few_rows + 1;
      for (int32_t n = fewest; n < n_rows; n += n_rows / 6) {
        const std::vector<float> last(x.end() - int64_t{n} * hidden, x.end());
        const std::vector<float> expected(all.end() - int64_t{n} * hidden, all.end());
        ASSERT_EQ(layer.run(table(), last, stream_), expected) << n << " of " << n_rows;
      }
    }
  }
}

TEST_P(Layer, RefusesMatricesThatDoNotFit) {
  TestMatrix gate_up(WeightType::kBf16, 16, 8, 1), down(WeightType::kBf16, 8, 8, 2);
  std::vector<float> floats(64, 1.0f);
  FeedForwardParams feed_forward{.x = floats.data(),
                                 .norm_weight = floats.data(),
                                 .eps = kEps,
                                 .gate_up = gate_up.packed(table(), stream_),
                                 .down = down.packed(table(), stream_),
                                 .normed = floats.data() + 8,
                                 .gate_up_rows = floats.data() + 16,
                                 .hidden = floats.data() + 32,
                                 .n_rows = 1};
  EXPECT_EQ(table().feed_forward(feed_forward, stream_), 0);
  feed_forward.gate_up.n = 14;
  EXPECT_NE(table().feed_forward(feed_forward, stream_), 0);
  feed_forward.gate_up.n = 16;
  feed_forward.hidden = nullptr;
  EXPECT_NE(table().feed_forward(feed_forward, stream_), 0);
}

INSTANTIATE_TEST_SUITE_P(Tables, Layer, testing::ValuesIn(runnable_tables()),
                         [](const auto& info) { return table_name(info.param); });

}  // namespace
}  // namespace rondo::kernels
