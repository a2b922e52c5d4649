// A step's rows where kernels can read them: on the CPU the step itself, on a GPU a copy of its
// arrays in one block, sent in one piece while the host goes on.
//
// Thread: the engine thread. Borrows the device; owns the block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/device.h"
#include "engine/pinned_buffer.h"
#include "kernels/kernels.h"

namespace rondo::engine {

// The rows of one step: tokens of one or several sequences or Segments, and where each one's keys
// are.
struct Step {
  std::vector<int32_t> tokens;                 // [T]
  std::vector<int32_t> positions;              // [T] for RoPE
  std::vector<int32_t> base_slots;             // [T] where loop 0 writes its K/V; negative: nowhere
  std::vector<kernels::QuerySpan> base_spans;  // what the rows see of loop 0's K/V
  std::vector<int32_t> window_slots;           // the same for loop 1's own K/V
  std::vector<kernels::QuerySpan> window_spans;
  std::vector<kernels::Draw> draws;  // [T] of a step of decoding; empty: the likeliest for all

  int32_t n_rows() const { return static_cast<int32_t>(tokens.size()); }
};

// What rows see of one loop's K/V, and where they write theirs, for kernels.
struct LoopView {
  const int32_t* slots = nullptr;             // [T]
  const kernels::QuerySpan* spans = nullptr;  // [n_spans]
  int32_t n_spans = 0;
  int32_t n_entries = 0;  // the most page-table entries of a span
};

struct StepView {
  int32_t n_rows = 0;
  const int32_t* tokens = nullptr;     // [T]
  const int32_t* positions = nullptr;  // [T]
  LoopView base, window;
  const kernels::Draw* draws = nullptr;  // [T] or null
};

class PlacedStep {
 public:
  explicit PlacedStep(Device& device)
      : device_(&device), staging_{PinnedBuffer(device), PinnedBuffer(device)} {}

  // `step` as kernels take it; valid until the next call, and on the CPU while `step` lives. Steps
  // with as many rows and spans lie at the same addresses, whatever the length of their tables, as
  // long as epoch() is the same.
  StepView place(const Step& step);
  int32_t epoch() const { return epoch_; }

 private:
  StepView send(const Step& step);

  Device* device_;
  DeviceMemory memory_;
  std::array<PinnedBuffer, 2> staging_;  // one is written while the other is on its way
  uint32_t next_ = 0;                    // of staging_
  int32_t epoch_ = 0;                    // how often the block was exchanged for a larger one
};

}  // namespace rondo::engine
