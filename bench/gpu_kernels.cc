#include "bench/gpu_kernels.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <random>

namespace rondo::bench {
namespace {

using kernels::Device;
using kernels::kPageTokens;
using kernels::PageRef;
using kernels::QuerySpan;
using kernels::WeightType;
using Clock = std::chrono::steady_clock;

constexpr int64_t kArenaBytes = int64_t{2} << 30;
constexpr double kSeconds = 0.03;  // of a round
constexpr int kRounds = 3;

struct ModelShape {
  const char* name;
  int32_t hidden, ffn, n_heads, n_kv_heads, head_dim, vocabulary;
};
constexpr ModelShape kIQuest7B = {"7B", 5120, 27648, 40, 8, 128, 76800};
constexpr ModelShape kMini = {"mini", 640, 1792, 10, 2, 64, 16384};

// Device memory for one bench.
class Memory {
 public:
  explicit Memory(const Device& device) : device_(device) {}
  ~Memory() {
    for (void* piece : pieces_) device_.release(device_.state, piece);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  Result<std::byte*> allocate(int64_t n_bytes) {
    void* piece = nullptr;
    if (device_.allocate(device_.state, n_bytes, &piece) != 0) {
      return resource_exhausted_error("the GPU has no " + std::to_string(n_bytes >> 20) +
                                      " MiB free for the bench");
    }
    pieces_.push_back(piece);
    return static_cast<std::byte*>(piece);
  }

  template <class T>
  Result<T*> copy_of(const std::vector<T>& values) {
    const auto n_bytes = static_cast<int64_t>(values.size() * sizeof(T));
    ASSIGN_OR_RETURN(std::byte * piece, allocate(n_bytes));
    if (device_.upload(device_.state, piece, values.data(), n_bytes) != 0) return failed(device_);
    return reinterpret_cast<T*>(piece);
  }

  static Status failed(const Device& device) {
    return unavailable_error("the GPU failed: " + std::string(device.error(device.state)));
  }

 private:
  const Device& device_;
  std::vector<void*> pieces_;
};

// One call of a kernel; calls are numbered, so that they can take turns in memory.
using Launch = std::function<int(int64_t call)>;

class Bench {
 public:
  Bench(const Device& device, std::string_view only)
      : device_(device), stream_{.device = device.state}, only_(only), memory_(device) {}

  // Random numbers that are finite as bf16 and as float32.
  Status open() {
    ASSIGN_OR_RETURN(arena_, memory_.allocate(kArenaBytes));
    ASSIGN_OR_RETURN(out_, memory_.allocate(kArenaBytes));
    std::mt19937 random(1);
    std::vector<uint32_t> block(16 << 20);
    for (uint32_t& word : block) word = (random() & 0x83ff83ffu) | 0x3c003c00u;
    auto filled = static_cast<int64_t>(block.size() * sizeof(uint32_t));
    if (device_.upload(device_.state, arena_, block.data(), filled) != 0) return failed();
    for (; filled < kArenaBytes; filled *= 2) {
      if (device_.copy(device_.state, arena_ + filled, arena_, filled) != 0) return failed();
    }
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

  // `n_spans` spans of n_rows rows each, the first of a span at first_slot.
  Status attention(const ModelShape& model, int32_t n_spans, int32_t n_rows, int32_t first_slot) {
    GpuKernelSpeed speed{.kernel = "attention",
                         .shape = std::string(model.name) + " " + std::to_string(n_spans) + " x " +
                                  std::to_string(n_rows) + " rows, " + std::to_string(first_slot) +
                                  " before"};
    if (!wanted(speed)) return {};
    const int32_t n_slots = first_slot + n_rows;
    const int32_t n_entries = (n_slots + kPageTokens - 1) / kPageTokens;
    const int64_t page_bytes = int64_t{2} * model.n_kv_heads * kPageTokens * model.head_dim * 2;
    const int64_t n_pages = kArenaBytes / page_bytes;
    // Every call takes the next pages, in an order that is not memory's.
    std::vector<int32_t> pages(n_pages);
    std::iota(pages.begin(), pages.end(), 0);
    std::shuffle(pages.begin(), pages.end(), std::mt19937(1));
    const int64_t n_calls = std::max<int64_t>(1, n_pages / (int64_t{n_spans} * n_entries));
    pages.resize(std::max<int64_t>(n_pages, int64_t{n_spans} * n_entries), 0);
    Memory memory(device_);
    ASSIGN_OR_RETURN(const int32_t* own_pages, memory.copy_of(pages));
    std::vector<QuerySpan> spans;
    for (int64_t s = 0; s < n_calls * n_spans; ++s) {
      spans.push_back({.first_row = static_cast<int32_t>(s % n_spans) * n_rows,
                       .n_rows = n_rows,
                       .first_slot = first_slot,
                       .own_pages = own_pages + s * n_entries});
    }
    ASSIGN_OR_RETURN(const QuerySpan* on_device, memory.copy_of(spans));
    const int32_t width = model.n_heads * model.head_dim;
    kernels::AttentionParams params{
        .q = reinterpret_cast<const float*>(arena_),
        .q_stride = width,
        .out = reinterpret_cast<float*>(out_),
        .n_spans = n_spans,
        .n_rows = n_spans * n_rows,
        .n_entries = n_entries,
        .kv = {.data = arena_, .page_stride_bytes = page_bytes, .type = kernels::KvType::kBf16},
        .n_heads = model.n_heads,
        .n_kv_heads = model.n_kv_heads,
        .head_dim = model.head_dim,
        .scale = 0.1f};
    const double visible = n_spans * (static_cast<double>(n_rows) * first_slot +
                                      0.5 * n_rows * (static_cast<double>(n_rows) + 1));
    speed.bytes = static_cast<double>(n_spans) * n_slots * page_bytes / kPageTokens;
    if (n_rows > 16) speed.flops = 4.0 * visible * width;
    return time(speed, [&](int64_t call) {
      params.spans = on_device + call % n_calls * n_spans;
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
    Memory memory(device_);
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
  Status failed() const { return Memory::failed(device_); }
  bool wanted(const GpuKernelSpeed& speed) const {
    return (speed.kernel + " " + speed.shape).find(only_) != std::string::npos;
  }

  // Seconds of `n` calls.
  Result<double> run(int64_t n, const Launch& launch) {
    if (device_.synchronize(device_.state) != 0) return failed();
    const Clock::time_point begin = Clock::now();
    for (int64_t call = 0; call < n; ++call) {
      if (launch(call) != 0) return failed();
    }
    if (device_.synchronize(device_.state) != 0) return failed();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }

  Status time(GpuKernelSpeed speed, const Launch& launch) {
    if (!wanted(speed)) return {};
    ASSIGN_OR_RETURN(speed.seconds, run(1, launch));
    ASSIGN_OR_RETURN(const double few, run(3, launch));
    const auto n = std::clamp<int64_t>(static_cast<int64_t>(kSeconds / few * 3), 1, 5000);
    for (int round = 0; round < (few < 1 ? kRounds : 1); ++round) {
      ASSIGN_OR_RETURN(const double seconds, run(n, launch));
      speed.seconds = std::min(speed.seconds, seconds / static_cast<double>(n));
    }
    speeds_.push_back(std::move(speed));
    return {};
  }

  const Device& device_;
  kernels::Stream stream_;
  std::string_view only_;
  Memory memory_;
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
  for (const int32_t context : {512, 4096, 8192, 32768}) {
    for (const int32_t n_rows : {1, 4, 16}) {
      RETURN_IF_ERROR(bench.attention(m, 1, n_rows, context));
    }
  }
  RETURN_IF_ERROR(bench.attention(m, 32, 1, 2048));
  RETURN_IF_ERROR(bench.attention(m, 32, 1, 8192));
  for (const int32_t n_rows : {512, 2048, 8192, 32768}) {
    RETURN_IF_ERROR(bench.attention(m, 1, n_rows, 0));
  }
  return bench.attention(m, 1, 2048, 30720);
}

}  // namespace

double GpuKernelSpeed::share(const kernels::Yardsticks& yardsticks) const {
  const double limit =
      flops > 0 ? flops / yardsticks.matmul_flops_per_s : bytes / yardsticks.copy_bytes_per_s;
  return limit / seconds;
}

Result<std::vector<GpuKernelSpeed>> measure_gpu_kernels(const Device& device,
                                                        std::string_view only) {
  Bench bench(device, only);
  RETURN_IF_ERROR(bench.open());
  for (const ModelShape& model : {kIQuest7B, kMini}) {
    RETURN_IF_ERROR(measure_linear(bench, model));
    RETURN_IF_ERROR(measure_attention(bench, model));
    for (const int32_t n_rows : {1, 16, 2048}) RETURN_IF_ERROR(bench.rows(model, n_rows));
  }
  return bench.take();
}

std::string gpu_kernels_table(const Device& device, const kernels::Yardsticks& y,
                              const std::vector<GpuKernelSpeed>& speeds) {
  char line[400];
  std::snprintf(line, sizeof line,
                "%s\ncopy %.0f GB/s (read + written), read %.0f GB/s, bf16 matrix product %.0f "
                "TFLOP/s, empty kernel %.2f us\n",
                device.info.name, y.copy_bytes_per_s * 1e-9, y.read_bytes_per_s * 1e-9,
                y.matmul_flops_per_s * 1e-12, y.empty_launch_seconds * 1e6);
  std::string table = line;
  for (const GpuKernelSpeed& s : speeds) {
    const bool is_product = s.flops > 0;
    std::snprintf(line, sizeof line, "%-12s %-38s %10.2f us %8.1f %s %5.1f%% of %s\n",
                  s.kernel.c_str(), s.shape.c_str(), s.seconds * 1e6,
                  is_product ? s.flops / s.seconds * 1e-12 : s.bytes / s.seconds * 1e-9,
                  is_product ? "TFLOP/s" : "GB/s   ", 100 * s.share(y),
                  is_product ? "cuBLAS" : "copy");
    table += line;
  }
  return table;
}

std::string gpu_kernels_json(const Device& device, const kernels::Yardsticks& y,
                             const std::vector<GpuKernelSpeed>& speeds) {
  char text[400];
  std::snprintf(text, sizeof text,
                "{\"device\": \"%s\", \"copy_bytes_per_s\": %.4g, \"read_bytes_per_s\": %.4g, "
                "\"matmul_flops_per_s\": %.4g, \"empty_launch_seconds\": %.3g, \"kernels\": [",
                device.info.name, y.copy_bytes_per_s, y.read_bytes_per_s, y.matmul_flops_per_s,
                y.empty_launch_seconds);
  std::string json = text;
  for (const GpuKernelSpeed& s : speeds) {
    std::snprintf(text, sizeof text,
                  "%s\n  {\"kernel\": \"%s\", \"shape\": \"%s\", \"seconds\": %.5g, \"bytes\": "
                  "%.6g, \"flops\": %.6g, \"share\": %.3f}",
                  &s == speeds.data() ? "" : ",", s.kernel.c_str(), s.shape.c_str(), s.seconds,
                  s.bytes, s.flops, s.share(y));
    json += text;
  }
  return json + "\n]}\n";
}

}  // namespace rondo::bench
