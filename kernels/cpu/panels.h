// The packed layout of all CPU tables: one for GEMV and GEMM, for every instruction set.
//
//   matrix   panel 0 | panel 1 | ...                      16 outputs each; missing ones are zero
//   panel    line 0 | line 1 | ...                                                (bf16)
//            scales f32 [16] | sums i32 [16] | line 0 | line 1 | ...              (int8)
//            Int4Block of inputs 0..127 | Int4Block of the next 128 | ...         (int4)
//   line     4 bytes of output 0 | 4 bytes of output 1 | ... | 4 bytes of output 15   (64 bytes)
//
// Line i holds inputs 4i..4i+3 of an int8 matrix, 2i and 2i+1 of a bf16 one; inputs are padded with
// zeros to whole tiles of 16 lines. So one vector register holds a step of 16 (or 8) dot products
// that need no reduction across lanes, a panel is one stream of memory, and 16 lines are the B
// operand of an AMX tile multiplication. sums[n] = sum_k W[n][k], for kernels whose activations are
// offset to be unsigned. Line i of an Int4Block holds 8 inputs of 128: byte j of an output has
// input 8i + j in its low and input 8i + 4 + j in its high half, so that it becomes two lines of an
// int8 matrix.
//
// Thread: pure functions. Ownership: views only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace rondo::kernels {

inline constexpr int32_t kPanelOutputs = 16;
inline constexpr int64_t kLineBytes = 64;
inline constexpr int32_t kTileLines = 16;

struct PanelHeader {
  float scales[kPanelOutputs];
  int32_t sums[kPanelOutputs];
};

// A group of inputs of 4 bits.
struct Int4Block {
  static constexpr int32_t kLines = kInt4Group / 8;
  static constexpr int32_t kZeroBits = 5;

  uint16_t scales[kPanelOutputs];          // bf16
  uint16_t sums_and_zeros[kPanelOutputs];  // the sum of the halves of a byte, then the zero point
  std::byte lines[kLines][kLineBytes];
};
static_assert(sizeof(Int4Block) == (1 + Int4Block::kLines) * kLineBytes);

// A packed matrix seen as panels.
struct Panels {
  explicit Panels(const PackedMatrix& matrix);

  const std::byte* panel(int64_t i) const { return data + i * panel_bytes; }
  const std::byte* lines(int64_t i) const { return panel(i) + header_bytes; }
  const PanelHeader& header(int64_t i) const {
    return *reinterpret_cast<const PanelHeader*>(panel(i));
  }

  // Of int4 matrices.
  const Int4Block* blocks(int64_t i) const { return reinterpret_cast<const Int4Block*>(panel(i)); }

  const std::byte* data = nullptr;
  int64_t header_bytes = 0;  // of int8
  int64_t panel_bytes = 0;
  int32_t n_panels = 0;
  int32_t n_lines = 0;   // a panel, a multiple of kTileLines; 0 for int4
  int32_t n_blocks = 0;  // a panel of int4
  int32_t padded_k = 0;  // inputs in n_lines or n_blocks
};

int64_t packed_panels_bytes(WeightType type, int32_t n, int32_t k);
int pack_panels(const RowMajorMatrix& matrix, void* out, Stream stream);

}  // namespace rondo::kernels
