#include "engine/speed_forecast.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rondo::engine {
namespace {

// Of a GPU's data sheet, what a large copy and a large product of cuBLAS reach: an H100's 3.03 of
// 3.35 TB/s and 809 of 989 TFLOP/s.
constexpr double kCopyShare = 0.90;
constexpr double kProductShare = 0.82;
// Of these, what the engine reaches: decode of the 7B shape by type, prefill of the 7B shape and
// Segments of the embedded model by width.
constexpr double kBf16Share = 0.95, kInt8Share = 0.83, kInt4Share = 0.716;
constexpr double kAttentionShare = 0.90;
constexpr double kWidePrefill = 0.795, kNarrowPrefill = 0.35;
constexpr double kWide = 5120, kNarrow = 640;
// A recorded kernel with next to nothing to do, and how many a layer and the ends of a step have.
constexpr double kLaunchSeconds = 3.9e-6;
constexpr int32_t kLayerLaunches = 5;
constexpr int32_t kEndLaunches = 4;

double read_share(WeightFormat format) {
  switch (format) {
    case WeightFormat::kInt8Channel:
      return kInt8Share;
    case WeightFormat::kInt4Group:
      return kInt4Share;
    case WeightFormat::kBf16:
      break;
  }
  return kBf16Share;
}

double weight_bytes(WeightFormat format) {
  switch (format) {
    case WeightFormat::kInt8Channel:
      return 1;
    case WeightFormat::kInt4Group:
      return 0.5 + 2.0 / kernels::kInt4Group;
    case WeightFormat::kBf16:
      break;
  }
  return 2;
}

double copy_rate(const GpuSpec& gpu) { return kCopyShare * 1e9 * gpu.gb_per_s; }

// Operations per second in a step of many rows.
double product_rate(const ModelConfig& config, const GpuSpec& gpu) {
  const double width = std::clamp<double>(config.hidden_size, kNarrow, kWide);
  const double place = std::log(width / kNarrow) / std::log(kWide / kNarrow);
  const double share = kNarrowPrefill + place * (kWidePrefill - kNarrowPrefill);
  return share * kProductShare * 1e12 * gpu.tflops;
}

// The part of a step that `n_layers` layers take.
DecodeTime decode_layers(const ModelConfig& config, const Workload& workload, int32_t n_layers,
                         const GpuSpec& gpu) {
  const double rate = copy_rate(gpu);
  const double n_runs = static_cast<double>(n_layers) * config.n_loops;
  const double n_seen = static_cast<double>(workload.n_segment_tokens + workload.n_active_tokens);
  const double layer_kv = static_cast<double>(token_kv_bytes(config)) / config.n_layers;
  DecodeTime time = {
      .weights = n_runs * static_cast<double>(config.layer_parameters()) *
                 weight_bytes(config.weight_format) / (rate * read_share(config.weight_format)),
      .kv = n_runs * workload.n_sequences * n_seen * layer_kv / (rate * kAttentionShare)};
  time.launches = std::max(0.0, n_runs * kLayerLaunches * kLaunchSeconds - time.weights - time.kv);
  return time;
}

// Embedding, final norm and head.
DecodeTime decode_ends(const ModelConfig& config, const GpuSpec& gpu) {
  const bool is_int8 = config.weight_format == WeightFormat::kInt8Channel;
  const double head_bytes =
      static_cast<double>(config.vocab_size) * config.hidden_size * (is_int8 ? 1 : 2);
  return {.weights = head_bytes / (copy_rate(gpu) * (is_int8 ? kInt8Share : kBf16Share)),
          .launches = kEndLaunches * kLaunchSeconds};
}

// Token-layers of all loops: loop 1 computes the rows that its window needs (prefill_plan.h).
double token_layers(const ModelConfig& config, int64_t n_tokens) {
  double n = static_cast<double>(n_tokens) * config.n_layers;
  for (int32_t loop = 1; loop < config.n_loops; ++loop) {
    for (int64_t l = 0; l < config.n_layers; ++l)
      n += static_cast<double>(
          std::min<int64_t>(n_tokens, (config.loop_window - 1) * (config.n_layers - l) + 1));
  }
  return n;
}

}  // namespace

DecodeTime forecast_decode(const ModelConfig& config, const Workload& workload,
                           const GpuSpec& gpu) {
  DecodeTime time = decode_layers(config, workload, config.n_layers, gpu);
  const DecodeTime ends = decode_ends(config, gpu);
  time.weights += ends.weights;
  time.launches += ends.launches;
  return time;
}

double forecast_prefill(const ModelConfig& config, int64_t n_tokens, const GpuSpec& gpu) {
  const double n_rows = token_layers(config, n_tokens);
  const double products = 2 * n_rows * static_cast<double>(config.layer_parameters());
  // A causal row of loop 0 sees half of the tokens, one of loop 1, at the end, all of them.
  const auto n = static_cast<double>(n_tokens);
  const double n_seen = (n * config.n_layers) * n / 2 + (n_rows - n * config.n_layers) * n;
  const double attention = 4.0 * config.n_heads * config.head_dim * n_seen;
  return (products + attention) / product_rate(config, gpu);
}

double forecast_segments(const ModelConfig& config, int64_t n_tokens, int32_t segment_tokens,
                         const GpuSpec& gpu) {
  const double n_rows = static_cast<double>(n_tokens) * config.n_layers;
  const double attention = 4.0 * config.n_heads * config.head_dim * segment_tokens / 2;
  return n_rows * (2 * static_cast<double>(config.layer_parameters()) + attention) /
         product_rate(config, gpu);
}

double LayerSplit::total() const { return std::accumulate(decode.begin(), decode.end(), 0.0); }

std::optional<LayerSplit> split_layers(const ModelConfig& config, const Workload& workload,
                                       std::span<const GpuSpec> gpus) {
  std::vector<size_t> order(gpus.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return gpus[a].gb_per_s > gpus[b].gb_per_s; });
  const MemoryPlan whole = plan_memory(config, workload);
  const int64_t layer_bytes = (whole.layers + whole.kv()) / config.n_layers;
  LayerSplit split = {.n_layers = std::vector<int32_t>(gpus.size()),
                      .decode = std::vector<double>(gpus.size())};
  int32_t n_left = config.n_layers;
  for (const size_t i : order) {
    const bool is_first = i == order.front();  // has embedding and head
    const int64_t room =
        gpus[i].memory_bytes() - whole.step - whole.library - (is_first ? whole.vocabulary : 0);
    if (room < 0 || n_left == 0) continue;
    const auto n = static_cast<int32_t>(std::min<int64_t>(n_left, room / layer_bytes));
    n_left -= n;
    split.n_layers[i] = n;
    split.decode[i] = decode_layers(config, workload, n, gpus[i]).total() +
                      (is_first ? decode_ends(config, gpus[i]).total() : 0);
  }
  if (n_left > 0) return std::nullopt;
  return split;
}

}  // namespace rondo::engine
