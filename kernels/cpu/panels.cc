#include "kernels/cpu/panels.h"

#include <algorithm>
#include <cstring>

#include "kernels/bf16.h"
#include "kernels/launch.h"

namespace rondo::kernels {
namespace {

constexpr int64_t kBytesPerOutput = 4;  // in a line

// Of types that are no int4.
int64_t weight_bytes(WeightType type) { return type == WeightType::kInt8 ? 1 : 2; }

// Four halves of bytes, to the low half of a byte each.
uint32_t spread(uint32_t halves) {
  halves = (halves | halves << 8) & 0x00ff00ff;
  return (halves | halves << 4) & 0x0f0f0f0f;
}

// The sum of the bytes of a word whose sum is below 256.
uint32_t sum_of_bytes(uint32_t word) { return word * 0x01010101u >> 24; }

// Spreads output `i` of a panel over its blocks.
void pack_int4_output(const RowMajorMatrix& matrix, int64_t n, std::byte* panel, int32_t i) {
  const int64_t n_words = (matrix.k + 7) / 8;
  const int64_t n_groups = (matrix.k + kInt4Group - 1) / kInt4Group;
  const auto* row = static_cast<const std::byte*>(matrix.data) + n * n_words * kBytesPerOutput;
  for (int64_t group = 0; group < n_groups; ++group) {
    Int4Block& block = reinterpret_cast<Int4Block*>(panel)[group];
    uint32_t sum = 0;
    const int64_t first = group * Int4Block::kLines;
    for (int64_t line = 0; line < std::min<int64_t>(Int4Block::kLines, n_words - first); ++line) {
      uint32_t word;
      std::memcpy(&word, row + (first + line) * kBytesPerOutput, sizeof word);
      const uint32_t low = spread(word & 0xffff), high = spread(word >> 16);
      sum += sum_of_bytes(low + high);
      word = low | high << 4;
      std::memcpy(block.lines[line] + i * kBytesPerOutput, &word, sizeof word);
    }
    const int64_t at = n * n_groups + group;
    const uint32_t zero = matrix.zeros != nullptr ? matrix.zeros[at] : 8;
    std::memcpy(&block.scales[i], reinterpret_cast<const std::byte*>(matrix.scales) + 2 * at, 2);
    block.sums_and_zeros[i] = static_cast<uint16_t>(sum << Int4Block::kZeroBits | zero);
  }
}

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
  data = static_cast<const std::byte*>(matrix.data);
  n_panels = (matrix.n + kPanelOutputs - 1) / kPanelOutputs;
  if (is_int4(matrix.type)) {
    n_blocks = (matrix.k + kInt4Group - 1) / kInt4Group;
    padded_k = n_blocks * kInt4Group;
    panel_bytes = n_blocks * static_cast<int64_t>(sizeof(Int4Block));
    return;
  }
  const auto inputs_per_line = static_cast<int32_t>(kBytesPerOutput / weight_bytes(matrix.type));
  const int32_t inputs_per_tile = inputs_per_line * kTileLines;
  header_bytes = matrix.type == WeightType::kInt8 ? sizeof(PanelHeader) : 0;
  n_lines = (matrix.k + inputs_per_tile - 1) / inputs_per_tile * kTileLines;
  padded_k = n_lines * inputs_per_line;
  panel_bytes = header_bytes + n_lines * kLineBytes;
}

int64_t packed_panels_bytes(WeightType type, int32_t n, int32_t k) {
  const Panels panels({.n = n, .k = k, .type = type});
  return panels.n_panels * panels.panel_bytes;
}

int pack_panels(const RowMajorMatrix& matrix, void* out, Stream stream) {
  if (!valid(matrix) || out == nullptr) return kBadArguments;
  const auto pack_row = is_int4(matrix.type) ? pack_int4_output : pack_output;
  const Panels panels({.data = out, .n = matrix.n, .k = matrix.k, .type = matrix.type});
  parallel_for(stream, panels.n_panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      std::byte* panel = static_cast<std::byte*>(out) + p * panels.panel_bytes;
      std::memset(panel, 0, panels.panel_bytes);
      const int64_t first = p * kPanelOutputs;
      const int64_t n_outputs = std::min<int64_t>(kPanelOutputs, matrix.n - first);
      for (int32_t i = 0; i < n_outputs; ++i) pack_row(matrix, first + i, panel, i);
    }
  });
  return kOk;
}

}  // namespace rondo::kernels
