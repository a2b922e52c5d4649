#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "kernels/bf16.h"
#include "tests/kernels/pages.h"
#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

// What one span sees: context pages with so many valid tokens each, then its own tokens.
struct SpanCase {
  int32_t n_rows = 1;
  int32_t first_slot = 0;
  std::vector<int32_t> context;
  int32_t first_own_page = 0;
};

struct AttentionCase {
  std::string name;
  std::vector<SpanCase> spans;
  int32_t window = 0;
  Shape shape = {};
  // The second branch of the same rows, if any: its context and first page, its window.
  std::vector<SpanCase> second = {};
  int32_t second_window = 0;
};

constexpr float kUntouched = -7;  // what outputs hold before a launch

// The spans of both branches.
struct Branches {
  std::vector<QuerySpan> first, second;
};

// Every row as a span of its own.
std::vector<QuerySpan> one_by_one(const std::vector<QuerySpan>& spans) {
  std::vector<QuerySpan> rows;
  for (const QuerySpan& span : spans) {
    for (int32_t i = 0; i < span.n_rows; ++i) {
      QuerySpan row = span;
      row.first_row += i;
      row.first_slot += i;
      row.n_rows = 1;
      rows.push_back(row);
    }
  }
  return rows;
}

// A case made real: pages in shuffled order, page tables, queries, a gate.
class Scene {
 public:
  Scene(const Kernels& table, const AttentionCase& c, uint32_t seed)
      : case_(c), random_(seed), pages_(table, n_pages(c), c.shape) {
    std::vector<int32_t> free(n_pages(c));
    std::iota(free.begin(), free.end(), 0);
    for (size_t i = free.size(); i > 1; --i) std::swap(free[i - 1], free[random_.below(i)]);
    const size_t n_spans = c.spans.size() + c.second.size();
    contexts_.resize(n_spans);
    own_.resize(n_spans);
    size_t s = 0;
    for (const SpanCase& span : c.spans) {
      add_span(span, contexts_[s], own_[s], free, spans_.first);
      ++s;
    }
    for (const SpanCase& span : c.second) {
      add_span(span, contexts_[s], own_[s], free, spans_.second);
      ++s;
    }
    n_rows_ = spans_.first.back().first_row + spans_.first.back().n_rows;
    q_stride_ = (c.shape.n_heads + 2 * c.shape.n_kv_heads) * c.shape.head_dim;
    q_ = random_.normals(int64_t{n_rows_} * q_stride_);
    gate_weight_ = random_.normals(width());
    for (float& weight : gate_weight_) weight *= 0.2f;
    gate_bias_ = random_.normals(c.shape.n_heads);
  }

  int32_t n_rows() const { return n_rows_; }
  int32_t width() const { return case_.shape.n_heads * case_.shape.head_dim; }
  const Branches& spans() const { return spans_; }

  std::vector<float> run(const Kernels& table, Stream stream, const Branches& spans,
                         int32_t first_row = 0) {
    return run(table, stream, spans, first_row, n_rows_);
  }

  std::vector<float> run(const Kernels& table, Stream stream, const Branches& spans,
                         int32_t first_row, int32_t n_rows) {
    std::vector<float> out(int64_t{n_rows_} * width(), kUntouched), room = out;
    AttentionParams params{.q = q_.data(),
                           .q_stride = q_stride_,
                           .out = out.data(),
                           .spans = spans.first.data(),
                           .n_spans = static_cast<int32_t>(spans.first.size()),
                           .first_row = first_row,
                           .n_rows = n_rows,
                           .n_entries = n_entries(spans.first),
                           .kv = pages_.layer(),
                           .n_heads = case_.shape.n_heads,
                           .n_kv_heads = case_.shape.n_kv_heads,
                           .head_dim = case_.shape.head_dim,
                           .window = case_.window,
                           .scale = scale()};
    if (!spans.second.empty()) {
      params.second = {.spans = spans.second.data(),
                       .n_spans = static_cast<int32_t>(spans.second.size()),
                       .n_entries = n_entries(spans.second),
                       .window = case_.second_window,
                       .weight = gate_weight_.data(),
                       .bias = gate_bias_.data(),
                       .room = room.data()};
    }
    EXPECT_EQ(table.attention(params, stream), 0);
    return out;
  }

  // The definition, in double, with these windows in place of the case's own.
  std::vector<double> expected(int32_t window, int32_t second_window) const {
    std::vector<double> out = branch(spans_.first, window);
    if (spans_.second.empty()) return out;
    const std::vector<double> second = branch(spans_.second, second_window);
    for (size_t i = 0; i < out.size(); ++i) {
      const double g = gate(static_cast<int32_t>(i / width()),
                            static_cast<int32_t>(i % width()) / case_.shape.head_dim);
      out[i] = g * out[i] + (1 - g) * second[i];
    }
    return out;
  }
  std::vector<double> expected() const { return expected(case_.window, case_.second_window); }

 private:
  struct Slot {
    int32_t page, offset;
  };

  std::vector<double> branch(const std::vector<QuerySpan>& spans, int32_t window) const {
    std::vector<double> out(int64_t{n_rows_} * width());
    for (const QuerySpan& span : spans) {
      for (int32_t i = 0; i < span.n_rows; ++i) {
        const auto visible = visible_slots(span, i, window);
        for (int32_t h = 0; h < case_.shape.n_heads; ++h) {
          attend(span.first_row + i, h, visible, out);
        }
      }
    }
    return out;
  }

  double gate(int32_t row, int32_t head) const {
    double logit = gate_bias_[head];
    for (int32_t i = 0; i < case_.shape.head_dim; ++i) {
      const int32_t at = head * case_.shape.head_dim + i;
      logit += static_cast<double>(q_[int64_t{row} * q_stride_ + at]) * gate_weight_[at];
    }
    return 1 / (1 + std::exp(-logit));
  }

  static int32_t n_pages(const AttentionCase& c) {
    int32_t n = 3;  // some that nobody uses
    for (const auto* spans : {&c.spans, &c.second}) {
      for (const SpanCase& span : *spans) {
        n += static_cast<int32_t>(span.context.size());
        n += (span.first_slot + span.n_rows + kPageTokens - 1) / kPageTokens;
      }
    }
    return n;
  }

  float scale() const { return 1.0f / std::sqrt(static_cast<float>(case_.shape.head_dim)); }

  void add_span(const SpanCase& c, std::vector<PageRef>& context, std::vector<int32_t>& own,
                std::vector<int32_t>& free, std::vector<QuerySpan>& spans) {
    const auto take = [&free] {
      const int32_t page = free.back();
      free.pop_back();
      return page;
    };
    for (const int32_t n_valid : c.context) {
      context.push_back({.page = take(), .n_valid = n_valid});
      for (int32_t s = 0; s < n_valid; ++s) pages_.fill(context.back().page, s, random_);
    }
    const int32_t end_slot = c.first_slot + c.n_rows;
    for (int32_t p = c.first_own_page; p * kPageTokens < end_slot; ++p) own.push_back(take());
    for (int32_t s = c.first_own_page * kPageTokens; s < end_slot; ++s) {
      pages_.fill(own[s / kPageTokens - c.first_own_page], s % kPageTokens, random_);
    }
    const int32_t first_row = spans.empty() ? 0 : spans.back().first_row + spans.back().n_rows;
    spans.push_back({.first_row = first_row,
                     .n_rows = c.n_rows,
                     .first_slot = c.first_slot,
                     .context = context.data(),
                     .n_context = static_cast<int32_t>(context.size()),
                     .own_pages = own.data(),
                     .first_own_page = c.first_own_page});
  }

  static int32_t n_entries(const std::vector<QuerySpan>& spans) {
    int32_t n = 0;
    for (const QuerySpan& span : spans) {
      n = std::max(n, span.n_context + (span.first_slot + span.n_rows - 1) / kPageTokens + 1 -
                          span.first_own_page);
    }
    return n;
  }

  static std::vector<Slot> visible_slots(const QuerySpan& span, int32_t i, int32_t window) {
    std::vector<Slot> visible;
    for (int32_t c = 0; c < span.n_context; ++c) {
      for (int32_t s = 0; s < span.context[c].n_valid; ++s) {
        visible.push_back({span.context[c].page, s});
      }
    }
    const int32_t own = span.first_slot + i;
    for (int32_t s = 0; s <= own; ++s) {
      if (window > 0 && s <= own - window) continue;
      visible.push_back({span.own_pages[s / kPageTokens - span.first_own_page], s % kPageTokens});
    }
    return visible;
  }

  void attend(int32_t row, int32_t h, const std::vector<Slot>& visible,
              std::vector<double>& out) const {
    const Shape& shape = case_.shape;
    const int32_t kv_head = h / (shape.n_heads / shape.n_kv_heads);
    std::vector<double> weights;
    for (const Slot slot : visible) {
      double score = 0;
      for (int32_t i = 0; i < shape.head_dim; ++i) {
        score += static_cast<double>(q_[int64_t{row} * q_stride_ + h * shape.head_dim + i]) *
                 pages_.get(slot.page, slot.offset, kv_head, i, false);
      }
      weights.push_back(score * scale());
    }
    const double largest = *std::max_element(weights.begin(), weights.end());
    double sum = 0;
    for (double& weight : weights) sum += weight = std::exp(weight - largest);
    for (int32_t i = 0; i < shape.head_dim; ++i) {
      double& element = out[int64_t{row} * width() + h * shape.head_dim + i];
      for (size_t v = 0; v < visible.size(); ++v) {
        element +=
            weights[v] / sum * pages_.get(visible[v].page, visible[v].offset, kv_head, i, true);
      }
    }
  }

  AttentionCase case_;
  Random random_;
  Pages pages_;
  std::vector<std::vector<PageRef>> contexts_;
  std::vector<std::vector<int32_t>> own_;
  Branches spans_;
  std::vector<float> q_, gate_weight_, gate_bias_;
  int32_t q_stride_ = 0;
  int32_t n_rows_ = 0;
};

std::vector<int32_t> segments(std::initializer_list<int32_t> token_counts) {
  std::vector<int32_t> pages;
  for (int32_t n : token_counts) {
    for (; n > 0; n -= kPageTokens) pages.push_back(std::min(n, kPageTokens));
  }
  return pages;
}

// Rows of two branches, with the window of each a different one.
void add_gated_cases(std::vector<AttentionCase>& list) {
  const auto add = [&list](std::string name, std::vector<SpanCase> spans,
                           std::vector<SpanCase> second, int32_t window, Shape shape = {}) {
    list.push_back(
        {"two branches, " + name, std::move(spans), 0, shape, std::move(second), window});
  };
  for (const int32_t window : {1, 8, 64, 65}) {
    const std::string name = ", window " + std::to_string(window);
    const int32_t gone = (200 - window + 1) / kPageTokens;
    add("first token" + name, {{.n_rows = 1}}, {{.n_rows = 1}}, window);
    add("decode" + name, {{.n_rows = 1, .first_slot = 100}}, {{.n_rows = 1, .first_slot = 100}},
        window);
    add("pages gone" + name, {{.n_rows = 3, .first_slot = 200, .context = segments({45, 7})}},
        {{.n_rows = 3, .first_slot = 200, .first_own_page = gone}}, window);
    add("prefill" + name, {{.n_rows = 50, .first_slot = 200, .context = segments({45, 7})}},
        {{.n_rows = 50, .first_slot = 200, .first_own_page = gone}}, window);
  }
  add("long context", {{.n_rows = 1, .first_slot = 40, .context = segments({700, 772, 333})}},
      {{.n_rows = 1, .first_slot = 40}}, 64);
  // A keystroke: splits that fill a GPU, rows that see more of them than the first does.
  const std::vector<int32_t> much = segments({1500, 700});
  for (const Shape shape : {Shape{32, 16, 64}, Shape{8, 8, 128}}) {
    add("few rows, much context, heads of " + std::to_string(shape.head_dim),
        {{.n_rows = 6, .first_slot = 28, .context = much}}, {{.n_rows = 6, .first_slot = 28}}, 20,
        shape);
  }
  add("seconds' context", {{.n_rows = 2, .first_slot = 40, .context = segments({21})}},
      {{.n_rows = 2, .first_slot = 40, .context = segments({300})}}, 20);
  add("long seconds", {{.n_rows = 2, .first_slot = 3}}, {{.n_rows = 2, .first_slot = 1500}}, 0);
  add("sequences",
      {{.n_rows = 1, .first_slot = 37, .context = segments({5, 100})},
       {.n_rows = 6, .first_slot = 300},
       {.n_rows = 1, .first_slot = 5}},
      {{.n_rows = 1, .first_slot = 37},
       {.n_rows = 6, .first_slot = 300, .first_own_page = 14},
       {.n_rows = 1, .first_slot = 5}},
      64);
  add("cut otherwise", {{.n_rows = 3, .first_slot = 33}, {.n_rows = 5, .first_slot = 70}},
      {{.n_rows = 6, .first_slot = 12}, {.n_rows = 2, .first_slot = 0}}, 7);
  // Rows of one split, of a few and of many, so that a call's longest row decides the launch.
  for (const int32_t head_dim : {64, 128}) {
    const std::vector<SpanCase> rows = {{.n_rows = 1, .first_slot = 30},
                                        {.n_rows = 1, .first_slot = 700},
                                        {.n_rows = 1, .first_slot = head_dim == 64 ? 8400 : 2100},
                                        {.n_rows = 2, .first_slot = 255}};
    add("short and long, heads of " + std::to_string(head_dim), rows, rows, 64, {2, 2, head_dim});
  }
  add("one KV head", {{.n_rows = 5, .first_slot = 50}}, {{.n_rows = 5, .first_slot = 50}}, 40,
      {7, 1, 96});
  add("wide heads", {{.n_rows = 2, .first_slot = 1000}}, {{.n_rows = 2, .first_slot = 1000}}, 64,
      {10, 2, 128});
  add("many heads", {{.n_rows = 2, .first_slot = 700}}, {{.n_rows = 2, .first_slot = 700}}, 300,
      {61, 1, 32});
  const std::vector<SpanCase> sequences(40, {.n_rows = 1, .first_slot = 30});
  add("40 sequences", sequences, sequences, 16);
}

// More keys than a tile of any kernel has, and more work than a GPU has room for in small blocks.
void add_large_cases(std::vector<AttentionCase>& list) {
  const std::vector<int32_t> context = segments({150, 77});
  list.push_back({"prefill over tiles", {{.n_rows = 100, .first_slot = 200, .context = context}}});
  for (const int32_t window : {0, 130}) {
    list.push_back({"prefill over tiles, wide heads, window " + std::to_string(window),
                    {{.n_rows = 60, .first_slot = 300, .context = context}},
                    window,
                    {5, 1, 128}});
  }
  for (const int32_t head_dim : {64, 128}) {
    std::vector<SpanCase> spans;
    for (int32_t i = 0; i < 40; ++i) {
      spans.push_back(
          {.n_rows = 1 + i % 3, .first_slot = 11 * i % 150, .context = segments({1 + 7 * i % 60})});
    }
    list.push_back({"40 spans, heads of " + std::to_string(head_dim), spans, 0, {16, 8, head_dim}});
  }
}

std::vector<AttentionCase> cases(const Kernels& table) {
  std::vector<AttentionCase> list = {
      {"first token", {{.n_rows = 1}}},
      {"decode", {{.n_rows = 1, .first_slot = 100}}},
      {"decode at a page's first slot", {{.n_rows = 1, .first_slot = 64}}},
      {"decode with context",
       {{.n_rows = 1, .first_slot = 37, .context = segments({5, 100, 16, 1})}}},
      {"decode, long context",
       {{.n_rows = 1, .first_slot = 40, .context = segments({700, 772, 333})}}},
      {"few rows, much context",
       {{.n_rows = 3, .first_slot = 40, .context = segments({1500, 700})}},
       0,
       {16, 16, 64}},
      {"encode", {{.n_rows = 100}}},
      {"prefill a chunk", {{.n_rows = 64, .first_slot = 70, .context = segments({50, 33})}}},
      {"prefill an odd chunk", {{.n_rows = 37, .first_slot = 3, .context = segments({18})}}},
      {"decode and prefill",
       {{.n_rows = 1, .first_slot = 20, .context = segments({40})},
        {.n_rows = 33, .first_slot = 16},
        {.n_rows = 1, .first_slot = 5},
        {.n_rows = 17, .first_slot = 31, .context = segments({7, 9})}}},
      {"one KV head", {{.n_rows = 5, .first_slot = 50}}, 0, {7, 1, 96}},
      {"wide heads", {{.n_rows = 18, .first_slot = 2}}, 0, {4, 2, 128}},
      {"many heads", {{.n_rows = 2, .first_slot = 33}}, 0, {61, 1, 32}},
      {"many heads, many rows", {{.n_rows = 20, .first_slot = 33}}, 0, {61, 1, 32}},
      {"decode, 70 pages", {{.n_rows = 3, .first_slot = 1100}}},
      {"decode, wide heads",
       {{.n_rows = 1, .first_slot = 290, .context = segments({37})}},
       0,
       {5, 1, 128}},
      {"prefill, wide heads",
       {{.n_rows = 70, .first_slot = 290, .context = segments({37})}},
       0,
       {5, 1, 128}},
      {"prefill, 7 heads of a KV head", {{.n_rows = 70, .first_slot = 90}}, 0, {14, 2, 64}},
      {"prefill, 7 wide heads of a KV head", {{.n_rows = 40, .first_slot = 9}}, 0, {28, 4, 128}},
  };
  // CUDA reads 16 bytes of a head at a time.
  const int32_t odd_dim = table_name(&table) == "cuda" ? 24 : 20;
  list.push_back({"other heads",
                  {{.n_rows = 19, .first_slot = 9, .context = segments({21})}},
                  0,
                  {4, 4, odd_dim}});
  for (int32_t n_heads = 1; n_heads <= 12; ++n_heads) {  // of one KV head, over 1 to 5 pages
    list.push_back({std::to_string(n_heads) + " heads",
                    {{.n_rows = 1, .first_slot = 7 * n_heads, .context = segments({5, 50})},
                     {.n_rows = 1, .first_slot = 6 * n_heads}},
                    0,
                    {n_heads, 1, n_heads % 2 == 0 ? 80 : 48}});
  }
  for (int32_t n_valid = 1; n_valid <= kPageTokens; ++n_valid) {
    list.push_back({"page of " + std::to_string(n_valid),
                    {{.n_rows = 2, .first_slot = 17, .context = {n_valid, 16, n_valid}}}});
  }
  for (const int32_t window : {1, 2, 8, 64, 65}) {
    const std::string name = "window " + std::to_string(window);
    list.push_back({name + ", decode", {{.n_rows = 1, .first_slot = 200}}, window});
    list.push_back({name + ", prefill", {{.n_rows = 80, .first_slot = 50}}, window});
    list.push_back({name + ", prefill from the start", {{.n_rows = 100}}, window});
    // Pages before the window are gone; the first one that a row reaches is the first there is.
    const int32_t first_page = (130 - window + 1) / kPageTokens;
    list.push_back({name + ", pages gone",
                    {{.n_rows = 20, .first_slot = 130, .first_own_page = first_page}},
                    window});
    list.push_back({name + ", mixed",
                    {{.n_rows = 1, .first_slot = 77}, {.n_rows = 40, .first_slot = 60}},
                    window});
  }
  add_large_cases(list);
  add_gated_cases(list);
  return list;
}

double worst(const std::vector<float>& out, const std::vector<double>& expected) {
  double worst = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const double error = std::abs(out[i] - expected[i]);
    if (!(error <= worst)) worst = error;  // NaN counts
  }
  return worst;
}

class Attention : public testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& table() const { return *GetParam(); }
  // Outputs are averages of values of about 1. On CUDA queries and weights keep 16 bits, and 8
  // there and on AMX where rows are many.
  double bound(int32_t n_rows) const {
    const std::string name = table_name(&table());
    if ((name == "cuda" || name == "amx") && n_rows > table().few_rows) return 1.5e-2;
    return name == "cuda" ? 3e-5 : 1e-5;
  }
  ThreadPool two_{2};
};

TEST_P(Attention, EqualsTheDefinition) {
  for (const AttentionCase& c : cases(table())) {
    Scene scene(table(), c, 1);
    EXPECT_LE(worst(scene.run(table(), {&two_}, scene.spans()), scene.expected()),
              bound(scene.n_rows()))
        << c.name;
  }
}

TEST_P(Attention, AWindowOfOneKeyMoreOrLessIsTold) {
  for (const int32_t window : {2, 8, 64}) {
    for (const SpanCase& span :
         {SpanCase{.n_rows = 1, .first_slot = 150}, SpanCase{.n_rows = 50, .first_slot = 100}}) {
      Scene scene(table(), {"", {span}, window}, 2);
      const std::vector<float> out = scene.run(table(), {&two_}, scene.spans());
      const double error = bound(span.n_rows);
      EXPECT_LE(worst(out, scene.expected(window, 0)), error);
      EXPECT_GT(worst(out, scene.expected(window - 1, 0)), 10 * error);
      EXPECT_GT(worst(out, scene.expected(window + 1, 0)), 10 * error);
      Scene gated(table(), {"", {span}, 0, {}, {span}, window}, 2);
      const std::vector<float> mixed = gated.run(table(), {&two_}, gated.spans());
      EXPECT_LE(worst(mixed, gated.expected(0, window)), error);
      EXPECT_GT(worst(mixed, gated.expected(0, window - 1)), 5 * error);
      EXPECT_GT(worst(mixed, gated.expected(0, window + 1)), 5 * error);
    }
  }
}

// A layer of the trapezoid computes the last rows of a step, which may have many spans.
TEST_P(Attention, TheLastRowsOfManySpansAreThoseOfTheirFamily) {
  for (const int32_t n_rows : {3, 20}) {
    const std::vector<SpanCase> sequences(70, {.n_rows = 1, .first_slot = 50});
    Scene scene(table(), {"", sequences, 0, {}, sequences, 20}, 4);
    const int32_t first_row = scene.n_rows() - n_rows;
    const auto begin = int64_t{first_row} * scene.width();
    std::vector<float> out = scene.run(table(), {&two_}, scene.spans(), first_row, n_rows);
    EXPECT_TRUE(std::all_of(out.begin(), out.begin() + begin,
                            [](float element) { return element == kUntouched; }));
    std::vector<double> expected = scene.expected();
    out.erase(out.begin(), out.begin() + begin);
    expected.erase(expected.begin(), expected.begin() + begin);
    EXPECT_LE(worst(out, expected), bound(n_rows));
  }
}

TEST_P(Attention, ARowDependsNeitherOnItsNeighboursNorOnTheThreads) {
  ThreadPool single(1), three(3);
  for (const AttentionCase& c : cases(table())) {
    Scene scene(table(), c, 3);
    const std::vector<float> out = scene.run(table(), {&single}, scene.spans());
    EXPECT_EQ(out, scene.run(table(), {&two_}, scene.spans())) << c.name;
    EXPECT_EQ(out, scene.run(table(), {&three}, scene.spans())) << c.name;
    const Branches rows = {one_by_one(scene.spans().first), one_by_one(scene.spans().second)};
    EXPECT_EQ(out, scene.run(table(), {&two_}, rows)) << c.name;
    // From the middle on, as rows of the whole call.
    const int32_t middle = scene.n_rows() / 2;
    const std::vector<float> rest = scene.run(table(), {&two_}, scene.spans(), middle);
    EXPECT_TRUE(std::equal(out.begin() + int64_t{middle} * scene.width(), out.end(),
                           rest.begin() + int64_t{middle} * scene.width()))
        << c.name;
    EXPECT_TRUE(std::all_of(rest.begin(), rest.begin() + int64_t{middle} * scene.width(),
                            [](float element) { return element == kUntouched; }))
        << c.name;
    // The last row alone, in a step of as many rows.
    const auto last = out.end() - scene.width();
    Branches one = {{rows.first.back()}, {}};
    if (!rows.second.empty()) one.second = {rows.second.back()};
    const std::vector<float> alone = scene.run(table(), {&two_}, one);
    EXPECT_TRUE(std::equal(last, out.end(), alone.end() - scene.width())) << c.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Attention, testing::ValuesIn(runnable_tables()),
                         [](const auto& info) { return table_name(info.param); });

}  // namespace
}  // namespace rondo::kernels
