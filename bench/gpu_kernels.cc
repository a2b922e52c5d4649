#include "bench/gpu_kernels.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <random>
#include <utility>

#include "bench/gpu_timer.h"
#include "kernels/kernels.h"

namespace rondo::bench {
namespace {

using kernels::Device;
using kernels::kPageTokens;
using kernels::QuerySpan;
using kernels::WeightType;

constexpr int64_t kArenaBytes = int64_t{2} << 30;

struct ModelShape {
  const char* name;
  int32_t hidden, ffn, n_heads, n_kv_heads, head_dim, vocabulary;
};
constexpr ModelShape kIQuest7B = {"7B", 5120, 27648, 40, 8, 128, 76800};
constexpr ModelShape kMini = {"mini", 640, 1792, 10, 2, 64, 16384};

// n_spans spans of n_rows rows each, the first of a span at first_slot.
struct AttentionShape {
  ModelShape model;
  int32_t n_spans, n_rows, first_slot;
  int32_t window_tokens = 0;  // of a second branch; 0: there is none
};

class Bench {
 public:
  Bench(const Device& device, std::string_view only)
      : device_(device), stream_{.device = device.state}, only_(only), memory_(device) {}

  Status open() {
    ASSIGN_OR_RETURN(arena_, memory_.random(kArenaBytes));
    ASSIGN_OR_RETURN(out_, memory_.allocate(kArenaBytes));
    return {};
  }

  Status linear(WeightType type, const char* name, int32_t n, int32_t k, int32_t n_rows) {
    const char* type_name = type == WeightType::kBf16   ? "bf16"
                            : type == WeightType::kInt8 ? "int8"
                                                        : "int4";
    GpuKernelSpeed speed{.kernel = std::string("linear ") + type_name,
                         .shape = std::string(name) + " " + std::to_string(n) + " x " +
                                  std::to_string(k) + ", " + std::to_string(n_rows) + " rows"};
    if (!wanted(speed)) return {};
    const int64_t packed_bytes = table().packed_bytes(type, n, k);
    const double weights = static_cast<double>(n) * k;
    const double per_weight = type == WeightType::kBf16 ? 2 : type == WeightType::kInt8 ? 1 : 0.5;
    const double scales = type == WeightType::kInt4 ? weights / kernels::kInt4Group * 2 : 0;
    speed.bytes = weights * per_weight + scales;
    if (n_rows > 16) speed.flops = 2.0 * n_rows * weights;
    const int64_t n_copies = kArenaBytes / packed_bytes;
    kernels::LinearParams params{.x = reinterpret_cast<const float*>(arena_),
                                 .x_stride = k,
                                 .weight = {.n = n, .k = k, .type = type},
                                 .out = reinterpret_cast<float*>(out_),
                                 .out_stride = n,
                                 .n_rows = n_rows};
    return time(speed, [&](int64_t call) {
      params.weight.data = arena_ + call % n_copies * packed_bytes;
      return table().linear(params, stream_);
    });
  }

  // A second branch, if any, has the same rows and sees their last window_tokens.
  Status attention(const AttentionShape& shape) {
    const ModelShape& model = shape.model;
    GpuKernelSpeed speed{
        .kernel = shape.window_tokens > 0 ? "attention, two branches" : "attention",
        .shape = std::string(model.name) + " " + std::to_string(shape.n_spans) + " x " +
                 std::to_string(shape.n_rows) + " rows, " + std::to_string(shape.first_slot) +
                 " before"};
    if (!wanted(speed)) return {};
    const int32_t n_slots = shape.first_slot + shape.n_rows;
    const int32_t n_entries = (n_slots + kPageTokens - 1) / kPageTokens;
    const int64_t page_bytes = int64_t{2} * model.n_kv_heads * kPageTokens * model.head_dim * 2;
    const int64_t n_pages = kArenaBytes / page_bytes, n_used = int64_t{shape.n_spans} * n_entries;
    // Every call takes the next pages, in an order that is not memory's.
    std::vector<int32_t> pages(n_pages);
    std::iota(pages.begin(), pages.end(), 0);
    std::shuffle(pages.begin(), pages.end(), std::mt19937(1));
    const int64_t n_calls = std::max<int64_t>(1, n_pages / n_used);
    pages.resize(std::max<int64_t>(n_pages, n_used), 0);
    GpuMemory memory(device_);
    ASSIGN_OR_RETURN(const int32_t* own_pages, memory.copy_of(pages));
    std::vector<QuerySpan> spans;
    for (int64_t s = 0; s < n_calls * shape.n_spans; ++s) {
      spans.push_back({.first_row = static_cast<int32_t>(s % shape.n_spans) * shape.n_rows,
                       .n_rows = shape.n_rows,
                       .first_slot = shape.first_slot,
                       .own_pages = own_pages + s * n_entries});
    }
    ASSIGN_OR_RETURN(const QuerySpan* on_device, memory.copy_of(spans));
    const int32_t width = model.n_heads * model.head_dim;
    const auto* floats = reinterpret_cast<const float*>(arena_);
    kernels::AttentionParams params{
        .q = floats,
        .q_stride = width,
        .out = reinterpret_cast<float*>(out_),
        .n_spans = shape.n_spans,
        .n_rows = shape.n_spans * shape.n_rows,
        .n_entries = n_entries,
        .kv = {.data = arena_, .page_stride_bytes = page_bytes, .type = kernels::KvType::kBf16},
        .n_heads = model.n_heads,
        .n_kv_heads = model.n_kv_heads,
        .head_dim = model.head_dim,
        .scale = 0.1f};
    double n_read = n_slots, n_visible = shape.n_rows * (shape.first_slot + 0.5 * shape.n_rows);
    if (shape.window_tokens > 0) {
      params.second = {.n_spans = shape.n_spans,
                       .n_entries = std::min(n_entries, shape.window_tokens / kPageTokens + 2),
                       .window = shape.window_tokens,
                       .weight = floats,
                       .bias = floats,
                       .room = reinterpret_cast<float*>(out_ + kArenaBytes / 2)};
      n_read += std::min(n_slots, shape.window_tokens + shape.n_rows - 1);
      n_visible += static_cast<double>(shape.n_rows) * std::min(n_slots, shape.window_tokens);
    }
    speed.bytes = shape.n_spans * n_read * static_cast<double>(page_bytes) / kPageTokens;
    if (params.n_rows > 16) speed.flops = 4.0 * shape.n_spans * n_visible * width;
    if (shape.n_rows == 1) speed.flops = 0;  // keys are read for one row each
    return time(speed, [&](int64_t call) {
      params.spans = on_device + call % n_calls * shape.n_spans;
      if (shape.window_tokens > 0) params.second.spans = params.spans;
      return table().attention(params, stream_);
    });
  }

  // What a layer does beside products and attention.
  Status rows(const ModelShape& model, int32_t n_rows) {
    const auto speed = [&](const char* kernel, double bytes) {
      return GpuKernelSpeed{
          .kernel = kernel,
          .shape = std::string(model.name) + " " + std::to_string(n_rows) + " rows",
          .bytes = bytes * n_rows};
    };
    const int32_t qkv_heads = model.n_heads + 2 * model.n_kv_heads;
    auto* out = reinterpret_cast<float*>(out_);
    const auto* in = reinterpret_cast<const float*>(arena_);
    GpuMemory memory(device_);
    std::vector<int32_t> numbers(n_rows);
    std::iota(numbers.begin(), numbers.end(), 0);
    ASSIGN_OR_RETURN(const int32_t* ids, memory.copy_of(numbers));
    RETURN_IF_ERROR(time(speed("embed", 6.0 * model.hidden), [&](int64_t) {
      return table().embed({.ids = ids,
                            .table = {.data = arena_, .n = model.vocabulary, .k = model.hidden},
                            .x = out,
                            .n_rows = n_rows},
                           stream_);
    }));
    RETURN_IF_ERROR(time(speed("rms_norm", 8.0 * model.hidden), [&](int64_t) {
      return table().rms_norm(
          {.x = in, .weight = in, .out = out, .n_rows = n_rows, .dim = model.hidden, .eps = 1e-5f},
          stream_);
    }));
    const double rope_bytes =
        (8.0 * (model.n_heads + model.n_kv_heads) + 4.0 * model.n_kv_heads) * model.head_dim;
    RETURN_IF_ERROR(time(speed("rope_store", rope_bytes), [&](int64_t) {
      return table().rope_store({.qkv = out,
                                 .positions = ids,
                                 .slots = ids,
                                 .kv = {.data = out_ + (int64_t{1} << 30),
                                        .page_stride_bytes = int64_t{2} * model.n_kv_heads *
                                                             kPageTokens * model.head_dim * 2,
                                        .type = kernels::KvType::kBf16},
                                 .n_rows = n_rows,
                                 .n_heads = qkv_heads - 2 * model.n_kv_heads,
                                 .n_kv_heads = model.n_kv_heads,
                                 .head_dim = model.head_dim,
                                 .theta = 500000},
                                stream_);
    }));
    return time(speed("swiglu", 12.0 * model.ffn), [&](int64_t) {
      return table().swiglu({.gate_up = in, .out = out, .n_rows = n_rows, .dim = model.ffn},
                            stream_);
    });
  }

  std::vector<GpuKernelSpeed> take() { return std::move(speeds_); }

 private:
  const kernels::Kernels& table() const { return *device_.kernels; }
  bool wanted(const GpuKernelSpeed& speed) const {
    return (speed.kernel + " " + speed.shape).find(only_) != std::string::npos;
  }

  Status time(GpuKernelSpeed speed, const GpuLaunch& launch) {
    if (!wanted(speed)) return {};
    ASSIGN_OR_RETURN(speed.seconds, time_on_gpu(device_, launch));
    speeds_.push_back(std::move(speed));
    return {};
  }

  const Device& device_;
  kernels::Stream stream_;
  std::string_view only_;
  GpuMemory memory_;
  std::byte* arena_ = nullptr;  // read
  std::byte* out_ = nullptr;    // written
  std::vector<GpuKernelSpeed> speeds_;
};

Status measure_linear(Bench& bench, const ModelShape& m) {
  const int32_t qkv = (m.n_heads + 2 * m.n_kv_heads) * m.head_dim;
  const struct {
    const char* name;
    int32_t n, k;
  } matrices[] = {{"qkv", qkv, m.hidden},
                  {"o", m.hidden, m.n_heads * m.head_dim},
                  {"gate_up", 2 * m.ffn, m.hidden},
                  {"down", m.hidden, m.ffn},
                  {"head", m.vocabulary, m.hidden}};
  for (const WeightType type : {WeightType::kBf16, WeightType::kInt8, WeightType::kInt4}) {
    for (const auto& [name, n, k] : matrices) {
      const std::string full = std::string(m.name) + " " + name;
      for (const int32_t n_rows : {1, 2, 4, 8, 16, 64, 512, 2048, 8192}) {
        // The head sees few rows.
        if (n_rows > 16 && (name == std::string_view("head") || type == WeightType::kInt8))
          continue;
        RETURN_IF_ERROR(bench.linear(type, full.c_str(), n, k, n_rows));
      }
    }
  }
  return {};
}

Status measure_attention(Bench& bench, const ModelShape& m) {
  constexpr int32_t kWindow = 64;  // the published loop models'
  std::vector<AttentionShape> shapes;
  for (const int32_t before : {15, 511, 4000, 8191, 32767}) {
    for (const int32_t n_rows : {1, 4, 16}) shapes.push_back({m, 1, n_rows, before});
    shapes.push_back({m, 1, 1, before, kWindow});
  }
  for (const int32_t n_spans : {16, 32}) {
    for (const int32_t before : {2047, 8191}) shapes.push_back({m, n_spans, 1, before});
  }
  for (const int32_t n_rows : {512, 2048, 8192, 32768}) shapes.push_back({m, 1, n_rows, 0});
  shapes.push_back({m, 1, 2048, 30720});
  shapes.push_back({m, 1, 2048, 6144, kWindow});
  for (const AttentionShape& shape : shapes) RETURN_IF_ERROR(bench.attention(shape));
  return {};
}

Status measure_kind(Bench& bench, GpuKernelKind kind, const ModelShape& m) {
  switch (kind) {
    case GpuKernelKind::kGemm:
      return measure_linear(bench, m);
    case GpuKernelKind::kAttention:
      return measure_attention(bench, m);
    case GpuKernelKind::kRows:
      for (const int32_t n_rows : {1, 16, 2048}) RETURN_IF_ERROR(bench.rows(m, n_rows));
  }
  return {};
}

}  // namespace

double GpuKernelSpeed::share(const kernels::Yardsticks& yardsticks) const {
  const double limit =
      flops > 0 ? flops / yardsticks.matmul_flops_per_s : bytes / yardsticks.copy_bytes_per_s;
  return limit / seconds;
}

Result<GpuKernelsResult> measure_gpu_kernels(const Device& device, GpuKernelKind kind,
                                             std::string_view only) {
  GpuKernelsResult result{.device = device.info.name};
  if (device.measure(device.state, &result.yardsticks) != 0) {
    return unavailable_error("the GPU failed: " + std::string(device.error(device.state)));
  }
  Bench bench(device, only);
  RETURN_IF_ERROR(bench.open());
  for (const ModelShape& model : {kIQuest7B, kMini}) {
    RETURN_IF_ERROR(measure_kind(bench, kind, model));
  }
  result.speeds = bench.take();
  return result;
}

std::string gpu_kernels_table(const GpuKernelsResult& result) {
  const kernels::Yardsticks& y = result.yardsticks;
  char line[400];
  std::snprintf(line, sizeof line,
                "%s\ncopy %.0f GB/s (read + written), read %.0f GB/s, bf16 matrix product %.0f "
                "TFLOP/s, empty kernel %.2f us\n",
                result.device.c_str(), y.copy_bytes_per_s * 1e-9, y.read_bytes_per_s * 1e-9,
                y.matmul_flops_per_s * 1e-12, y.empty_launch_seconds * 1e6);
  std::string table = line;
  for (const GpuKernelSpeed& s : result.speeds) {
    const bool is_product = s.flops > 0;
    std::snprintf(line, sizeof line, "%-24s %-36s %10.2f us %8.1f %s %5.1f%% of %s\n",
                  s.kernel.c_str(), s.shape.c_str(), s.seconds * 1e6,
                  is_product ? s.flops / s.seconds * 1e-12 : s.bytes / s.seconds * 1e-9,
                  is_product ? "TFLOP/s" : "GB/s   ", 100 * s.share(y),
                  is_product ? "cuBLAS" : "copy");
    table += line;
  }
  return table;
}

}  // namespace rondo::bench
