#include "kernels/cpu/panels.h"

#include <algorithm>
#include <cstring>

#include "kernels/bf16.h"
#include "kernels/launch.h"

namespace rondo::kernels {
namespace {

constexpr int64_t kBytesPerOutput = 4;  // in a line

int64_t weight_bytes(WeightType type) { return type == WeightType::kInt8 ? 1 : 2; }

// Spreads output `i` of a panel over its lines.
void pack_output(const RowMajorMatrix& matrix, int64_t n, std::byte* panel, int32_t i) {
  const int64_t row_bytes = matrix.k * weight_bytes(matrix.type);
  const auto* row = static_cast<const std::byte*>(matrix.data) + n * row_bytes;
  std::byte* to = panel + i * kBytesPerOutput;
  if (matrix.type == WeightType::kInt8) {
    auto* header = reinterpret_cast<PanelHeader*>(panel);
    header->scales[i] = load_bf16(matrix.scales, n);
    for (int64_t k = 0; k < matrix.k; ++k) header->sums[i] += static_cast<int8_t>(row[k]);
    to += sizeof(PanelHeader);
  }
  for (int64_t at = 0; at < row_bytes; at += kBytesPerOutput, to += kLineBytes) {
    std::memcpy(to, row + at, std::min(kBytesPerOutput, row_bytes - at));
  }
}

}  // namespace

Panels::Panels(const PackedMatrix& matrix) {
  const auto inputs_per_line = static_cast<int32_t>(kBytesPerOutput / weight_bytes(matrix.type));
  const int32_t inputs_per_tile = inputs_per_line * kTileLines;
  data = static_cast<const std::byte*>(matrix.data);
  header_bytes = matrix.type == WeightType::kInt8 ? sizeof(PanelHeader) : 0;
  n_panels = (matrix.n + kPanelOutputs - 1) / kPanelOutputs;
  n_lines = (matrix.k + inputs_per_tile - 1) / inputs_per_tile * kTileLines;
  padded_k = n_lines * inputs_per_line;
  panel_bytes = header_bytes + n_lines * kLineBytes;
}

int64_t packed_panels_bytes(WeightType type, int32_t n, int32_t k) {
  if (type == WeightType::kInt4) return 0;
  const Panels panels({.n = n, .k = k, .type = type});
  return panels.n_panels * panels.panel_bytes;
}

int pack_panels(const RowMajorMatrix& matrix, void* out, Stream stream) {
  if (!valid(matrix) || matrix.type == WeightType::kInt4 || out == nullptr) return kBadArguments;
  const Panels panels({.data = out, .n = matrix.n, .k = matrix.k, .type = matrix.type});
  parallel_for(stream, panels.n_panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      std::byte* panel = static_cast<std::byte*>(out) + p * panels.panel_bytes;
      std::memset(panel, 0, panels.panel_bytes);
      const int64_t first = p * kPanelOutputs;
      const int64_t n_outputs = std::min<int64_t>(kPanelOutputs, matrix.n - first);
      for (int32_t i = 0; i < n_outputs; ++i) pack_output(matrix, first + i, panel, i);
    }
  });
  return kOk;
}

}  // namespace rondo::kernels
