// What steps of decoding chose, on its way from the device to the host. The next step may be queued
// before the last one's choices are read: it finds their tokens in the device's memory.
//
// Thread: the engine thread. Borrows the device; owns the memory. Errors: the device's status; what
// a failed device chose means nothing.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/device.h"
#include "engine/pinned_buffer.h"
#include "engine/sampler.h"

namespace rondo::engine {

class Choices {
 public:
  // How many steps may be queued whose choices have not been taken.
  static constexpr int32_t kMostQueued = 2;

  explicit Choices(Device& device)
      : device_(&device), values_(device), sent_{PinnedBuffer(device), PinnedBuffer(device)} {}

  // Room for a step of `n_rows`; true if ids() moved, with what stood there.
  bool resize(int32_t n_rows);
  // In the device's memory: each row's token before a step, and its choice after it; and behind
  // the ids of `n_rows` the logarithms of their probabilities.
  int32_t* ids() const { return reinterpret_cast<int32_t*>(values_.data()); }
  float* log_probs(int32_t n_rows) const { return values_.data() + n_rows; }

  // Sends the choices of the step that was queued last. REQUIRES: n_queued() < kMostQueued.
  void send(int32_t n_rows);
  int32_t n_queued() const { return static_cast<int32_t>(n_rows_.size()); }
  // The choices of the step that was queued first, waiting for it. REQUIRES: n_queued() > 0.
  std::vector<Sample> take();

 private:
  Device* device_;
  DeviceFloats values_;                         // i32 [T], then f32 [T]
  std::array<PinnedBuffer, kMostQueued> sent_;  // copies of it; used in turn
  int32_t next_ = 0;                            // the one that send() takes
  std::deque<int32_t> n_rows_;                  // of the steps that were queued
};

}  // namespace rondo::engine
